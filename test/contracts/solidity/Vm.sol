// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev The cheat codes that these tests use, and no more.
interface Vm {
    function addr(uint256 key) external pure returns (address);
    function etch(address target, bytes calldata code) external;
    function load(address target, bytes32 slot) external view returns (bytes32);
    function prank(address sender) external;
    function roll(uint256 number) external;
    function sign(uint256 key, bytes32 digest)
        external
        pure
        returns (uint8 v, bytes32 r, bytes32 s);
    function warp(uint256 timestamp) external;
}

/// @dev What tests and handlers share.
abstract contract Chain {
    Vm internal constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint64 internal constant FOREVER = type(uint64).max;

    mapping(uint256 key => address account) private _known;

    /// @dev Of a private key. To work one out costs more than a whole call does, so handlers make
    /// those that they need again and again known once.
    function _addr(uint256 key) internal view returns (address account) {
        account = _known[key];
        if (account == address(0)) account = VM.addr(key);
    }

    function _know(uint256 first, uint256 count) internal {
        for (uint256 key = first; key < first + count; ++key) {
            _known[key] = VM.addr(key);
        }
    }

    /// @dev 65 bytes r‖s‖v over an EIP-712 digest.
    function _sign(uint256 key, bytes32 domain, bytes32 message)
        internal
        pure
        returns (bytes memory)
    {
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, message));
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev A mapping's word by its storage key, as the release gate finds it.
    function _word(address target, bytes32 key, uint256 slot) internal view returns (uint256) {
        return uint256(VM.load(target, keccak256(abi.encode(key, slot))));
    }
}
