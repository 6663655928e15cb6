// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITypedMessages} from "./ITypedMessages.sol";
import {GrantId, GrantItem, GrantOpening, Revocation} from "../types/Ids.sol";

/// @title Consent: one word a grant, one word an owner.
/// @notice Storage slot 0 maps grantId to its word, slot 1 maps owner to hers; both are proven from
/// storage, so the layout is frozen (SECURITY.md §7). Only the owner, as sender or as signer,
/// changes her words. Versions and epochs are the nonces: messages may arrive in any order, by
/// anybody's hand. The chain never learns grantee, scope, purpose or period.
interface IGrantRegistry is ITypedMessages {
    /// @notice A word changed. `key` is a grantId or the owner's address, left-padded.
    event Changed(bytes32 indexed key, uint256 word);

    /// @notice Zero is no opening.
    error GrantRegistryZeroOpening();

    /// @notice A grant carries the version after the stored one, a revocation any higher one.
    error GrantRegistryStaleVersion(GrantId id, uint64 version, uint64 stored);

    /// @notice Grants carry the owner's epoch, so none that was held back survives `revokeAll`.
    error GrantRegistryWrongEpoch(address owner, uint32 epoch, uint32 stored);

    /// @notice "Revoke everything" must name a higher epoch.
    error GrantRegistryStaleEpoch(address owner, uint32 epoch, uint32 stored);

    /// @notice An opt-out must carry a higher version.
    error GrantRegistryStaleOptOut(address owner, uint32 version, uint32 stored);

    /// @notice An opt-out names a purpose bit that has no meaning.
    error GrantRegistryUnknownPurposes(uint32 purposes);

    /// @notice Grants one opening. Opens the owner's word if this is her first act.
    /// @param openingHash EIP-712 hashStruct of the GrantOpening.
    /// @param version The stored version + 1; 1 on an empty slot.
    /// @param epoch The owner's epoch; 1 if she never acted.
    /// @param deadline Last second, Unix time, in which this is accepted.
    function grant(bytes32 openingHash, uint64 version, uint32 epoch, uint64 deadline) external;

    /// @notice Grants 1–64 openings, all or none.
    function grantBatch(GrantItem[] calldata items, uint32 epoch, uint64 deadline) external;

    /// @notice Grants one opening by the owner's signature of a `Grants` message of one item.
    function grantBySig(
        address owner,
        bytes32 openingHash,
        uint64 version,
        uint32 epoch,
        uint64 deadline,
        bytes calldata signature
    ) external;

    /// @notice Grants 1–64 openings by the owner's signature of a `Grants` message.
    function grantBatchBySig(
        address owner,
        GrantItem[] calldata items,
        uint32 epoch,
        uint64 deadline,
        bytes calldata signature
    ) external;

    /// @notice Revokes one grant, or forbids one that is not on chain yet. Never expires.
    /// @param version Any version above the stored one.
    function revoke(bytes32 openingHash, uint64 version) external;

    /// @notice Revokes 1–64 grants, all or none.
    function revokeBatch(Revocation[] calldata items) external;

    /// @notice Revokes 1–64 grants by the owner's signature of a `Revocations` message.
    function revokeBySig(address owner, Revocation[] calldata items, bytes calldata signature)
        external;

    /// @notice Ends all grants of the owner, those not yet on chain included.
    /// @param epoch Any epoch above the stored one; at least 2 if she never acted.
    function revokeAll(uint32 epoch) external;

    /// @notice Ends all grants by the owner's signature of a `RevokeAll` message.
    function revokeAllBySig(address owner, uint32 epoch, bytes calldata signature) external;

    /// @notice Sets the purposes for which no grant of the owner counts.
    /// @param purposes Bits 0–12 and 14; they replace those set before.
    /// @param version Any opt-out version above the stored one.
    function optOut(uint32 purposes, uint32 version) external;

    /// @notice Opts out by the owner's signature of an `OptOut` message.
    function optOutBySig(
        address owner,
        uint32 purposes,
        uint32 version,
        bytes calldata signature
    ) external;

    /// @notice The grant's word; zero if it was never written.
    function grantWord(GrantId id) external view returns (uint256);

    /// @notice The owner's word; zero if she never acted.
    function ownerWord(address owner) external view returns (uint256);

    /// @notice Both words, and whether they let the grant stand now. Terms that only the opening
    /// holds (grantee, scope, versions, purposes, period, budget) are the gate's to check.
    function standing(address owner, bytes32 openingHash)
        external
        view
        returns (bool stands, uint256 grantWord_, uint256 ownerWord_);

    /// @notice keccak256(abi.encode(owner, openingHash)).
    function grantIdOf(address owner, bytes32 openingHash) external pure returns (GrantId);

    /// @notice EIP-712 hashStruct of an opening.
    function hashOpening(GrantOpening calldata opening) external pure returns (bytes32);
}
