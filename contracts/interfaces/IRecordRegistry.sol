// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITypedMessages} from "./ITypedMessages.sol";
import {RecordItem, RecordKey} from "../types/Ids.sol";

/// @title Record versions: what was stored, who vouches for it, whether it still exists.
/// @notice Storage slot 0 maps recordKey to its word, slot 1 to its anchor, slot 2 maps
/// keccak256(abi.encode(recordKey, organisation)) to that organisation's verdict; frozen
/// (SECURITY.md §7). The owner is in the key, so nobody can take another's record. A version never
/// touches another. Status: 1 stored, 2 attested, 3 rejected, 4 superseded, 5 erased.
interface IRecordRegistry is ITypedMessages {
    /// @notice A word changed. `key` is a recordKey or a verdict's key; an anchor shows in no event.
    event Changed(bytes32 indexed key, uint256 word);

    /// @notice Zero is no record.
    error RecordRegistryZeroTag();

    /// @notice The constructor needs the Directory's address.
    error RecordRegistryZeroDirectory();

    /// @notice A first item has status 1, shareEpoch 1, a quorum and an anchor.
    error RecordRegistryBadRegistration(
        RecordKey key, uint8 status, uint32 shareEpoch, uint8 quorum, bytes32 anchor
    );

    /// @notice Quorum, barred organisation and anchor are written once; later items leave them 0.
    error RecordRegistryAlreadyRegistered(RecordKey key);

    /// @notice A later item is either a higher shareEpoch with status 0, or the same one with
    /// status 4 or 5 that is not yet reached.
    error RecordRegistryBadChange(RecordKey key, uint8 status, uint32 shareEpoch, uint256 stored);

    /// @notice No such record.
    error RecordRegistryNotRegistered(RecordKey key);

    /// @notice Nothing changes the word of an erased record.
    error RecordRegistryErased(RecordKey key);

    /// @notice The sender is no attester of an active organisation; its two Directory words.
    error RecordRegistryNotAttester(address account, uint256 accountWord, uint256 organisationWord);

    /// @notice The owner does not attest her own record.
    error RecordRegistryOwnRecord(address owner);

    /// @notice The record bars this organisation, since it wrote the record itself.
    error RecordRegistryBarredOrganisation(RecordKey key, uint32 organisation);

    /// @notice The attester opened another content than the one registered.
    error RecordRegistryWrongAnchor(RecordKey key, bytes32 anchor);

    /// @notice The verdict is unknown, already stands, or withdraws what does not stand.
    error RecordRegistryBadVerdict(RecordKey key, uint32 organisation, uint8 verdict, uint8 stored);

    /// @notice The verdict has not lapsed: its organisation is active, its attester not suspended.
    error RecordRegistryNotLapsed(RecordKey key, uint32 organisation);

    /// @notice Registers, refreshes, supersedes or erases 1–64 of the sender's own versions.
    /// @param deadline Last second, Unix time, in which this is accepted.
    function records(RecordItem[] calldata items, uint64 deadline) external;

    /// @notice The same by the owner's signature of a `Records` message.
    function recordsBySig(
        address owner,
        RecordItem[] calldata items,
        uint64 deadline,
        bytes calldata signature
    ) external;

    /// @notice Sets the verdict of the sender's organisation: 1 confirmed, 2 rejected, 3 withdrawn.
    /// @param anchor The anchor that the attester opened, so that no reorg moves its verdict.
    function attest(address owner, bytes32 recordTag, uint8 verdict, bytes32 anchor) external;

    /// @notice Withdraws the verdict of an organisation that is not active, or whose attester is
    /// suspended. Anyone may call.
    function lapse(address owner, bytes32 recordTag, uint32 organisation) external;

    /// @notice The Directory whose words decide who attests.
    function directory() external view returns (address);

    /// @notice The record's word; zero if it was never registered.
    function recordWord(RecordKey key) external view returns (uint256);

    /// @notice The record's anchor; zero if it was never registered.
    function anchorOf(RecordKey key) external view returns (bytes32);

    /// @notice An organisation's verdict word; zero if it never gave one.
    function verdictWord(RecordKey key, uint32 organisation) external view returns (uint256);

    /// @notice keccak256(abi.encode(recordId, ver)).
    function recordTagOf(bytes32 recordId, uint32 ver) external pure returns (bytes32);

    /// @notice keccak256(abi.encode(owner, recordTag)).
    function recordKeyOf(address owner, bytes32 recordTag) external pure returns (RecordKey);

    /// @notice keccak256(abi.encode(recordKey, organisation)).
    function verdictKeyOf(RecordKey key, uint32 organisation) external pure returns (bytes32);
}
