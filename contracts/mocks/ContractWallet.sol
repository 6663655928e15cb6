// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title A contract account for tests: vouches for what its one key signed, by ERC-1271.
/// @notice As an EIP-7702 delegate its storage is the delegating account's, where `_key` is zero, so
/// it vouches for nothing: what OpenZeppelin's SignatureChecker would ask, and be refused.
contract ContractWallet is IERC1271 {
    address private _key;

    constructor(address key) {
        _key = key;
    }

    /// @notice Calls another contract as this account.
    function execute(address target, bytes calldata data) external {
        (bool success, bytes memory result) = target.call(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
    }

    /// @inheritdoc IERC1271
    /// @dev The key's signature, after which anything may follow: ERC-1271 has no fixed length.
    function isValidSignature(bytes32 hash, bytes calldata signature)
        external
        view
        returns (bytes4)
    {
        if (signature.length < 65 || _key == address(0)) return 0xffffffff;
        (address recovered,,) = ECDSA.tryRecoverCalldata(hash, signature[:65]);
        return recovered == _key ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}
