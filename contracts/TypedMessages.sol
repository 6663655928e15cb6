// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ITypedMessages} from "./interfaces/ITypedMessages.sol";
import {DOMAIN_TYPEHASH} from "./types/TypeHashes.sol";

/// @title EIP-712 by hand: no storage, no immutables, so neither layout nor code hash moves.
/// @notice OpenZeppelin's EIP712 takes two slots and seven immutables (CHAIN.md §7).
abstract contract TypedMessages is ITypedMessages {
    bytes32 private constant NAME_HASH = keccak256("Keyward");
    bytes32 private constant VERSION_HASH = keccak256("1");

    uint256 private constant LIST_MAX_ITEMS = 64;
    uint256 private constant SIGNATURE_MAX_BYTES = 2_048;

    /// @inheritdoc ITypedMessages
    function domainSeparator() public view returns (bytes32) {
        return keccak256(
            abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, address(this))
        );
    }

    /// @dev Recover first, ERC-1271 second: an EIP-7702 delegation does not cancel the key.
    function _checkSignature(address signer, bytes32 structHash, bytes calldata signature)
        internal
        view
    {
        if (signer == address(0)) revert TypedMessagesZeroSigner();
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domainSeparator(), structHash));
        (address recovered, ECDSA.RecoverError problem,) =
            ECDSA.tryRecoverCalldata(digest, signature);
        if (problem == ECDSA.RecoverError.NoError && recovered == signer) return;
        if (
            signature.length > SIGNATURE_MAX_BYTES
                || !SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature)
        ) revert TypedMessagesBadSignature(signer);
    }

    function _checkDeadline(uint64 deadline) internal view {
        if (block.timestamp > deadline) revert TypedMessagesExpired(deadline, block.timestamp);
    }

    function _checkLength(uint256 length) internal pure {
        if (length == 0 || length > LIST_MAX_ITEMS) revert TypedMessagesListLength(length);
    }
}
