// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITypedMessages} from "./ITypedMessages.sol";
import {AnchorItem, LogKey} from "../types/Ids.sol";

/// @title Heads of receipt logs, so that nobody can shorten or rewrite its own past.
/// @notice Storage slot 0 maps keccak256(abi.encode(writer, logTag)) to the Merkle root (RFC 6962,
/// SHA-256) over the log's links 1..toSeq, slot 1 to that toSeq; frozen (SECURITY.md §7). The writer
/// is in the key, so nobody can take another's log; `logTag` is salted, so it names no node. That a
/// receipt is under a root is shown off chain, where SHA-256 over a path costs nothing.
interface IAuditAnchor is ITypedMessages {
    /// @notice A log grew. `key` is the log's; a root shows in no event.
    event Changed(bytes32 indexed key, uint256 word);

    /// @notice Zero is no log and no root.
    error AuditAnchorZeroId();

    /// @notice A log only grows: its toSeq must be higher than the stored one.
    error AuditAnchorStale(LogKey key, uint64 toSeq, uint64 stored);

    /// @notice Anchors 1–64 of the sender's own logs.
    function anchor(AnchorItem[] calldata items) external;

    /// @notice The same by the writer's signature of an `Anchors` message.
    function anchorBySig(address writer, AnchorItem[] calldata items, bytes calldata signature)
        external;

    /// @notice The log's word: toSeq 0–63, changedAt 64–103; zero if it was never anchored.
    function anchorWord(LogKey key) external view returns (uint256);

    /// @notice The root over links 1..toSeq; zero if it was never anchored.
    function rootOf(LogKey key) external view returns (bytes32);

    /// @notice keccak256(abi.encode(writer, logTag)).
    function logKeyOf(address writer, bytes32 logTag) external pure returns (LogKey);
}
