// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAuditAnchor} from "./interfaces/IAuditAnchor.sol";
import {TypedMessages} from "./TypedMessages.sol";
import {AnchorItem, LogKey} from "./types/Ids.sol";
import {ANCHORS_TYPEHASH, ANCHOR_ITEM_TYPEHASH} from "./types/TypeHashes.sol";
import {AnchorWords} from "./types/Words.sol";

/// @title Heads of receipt logs, so that nobody can shorten or rewrite its own past.
/// @notice See IAuditAnchor. One root and one growing counter a log, rewritten.
contract AuditAnchor is IAuditAnchor, TypedMessages {
    mapping(LogKey key => bytes32 root) private _roots; // slot 0, frozen
    mapping(LogKey key => uint256 word) private _anchors; // slot 1, frozen

    /// @inheritdoc IAuditAnchor
    function anchor(AnchorItem[] calldata items) external {
        _anchorAll(msg.sender, items);
    }

    /// @inheritdoc IAuditAnchor
    function anchorBySig(address writer, AnchorItem[] calldata items, bytes calldata signature)
        external
    {
        _checkLength(items.length);
        bytes32[] memory hashes = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            hashes[i] = keccak256(abi.encode(ANCHOR_ITEM_TYPEHASH, items[i]));
        }
        bytes32 list = keccak256(abi.encodePacked(hashes));
        _checkSignature(writer, keccak256(abi.encode(ANCHORS_TYPEHASH, writer, list)), signature);
        _anchorAll(writer, items);
    }

    /// @inheritdoc IAuditAnchor
    function anchorWord(LogKey key) external view returns (uint256) {
        return _anchors[key];
    }

    /// @inheritdoc IAuditAnchor
    function rootOf(LogKey key) external view returns (bytes32) {
        return _roots[key];
    }

    /// @inheritdoc IAuditAnchor
    function logKeyOf(address writer, bytes32 logTag) public pure returns (LogKey) {
        return LogKey.wrap(keccak256(abi.encode(writer, logTag)));
    }

    function _anchorAll(address writer, AnchorItem[] calldata items) private {
        _checkLength(items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            AnchorItem calldata item = items[i];
            if (item.logTag == 0 || item.root == 0) revert AuditAnchorZeroId();
            LogKey key = logKeyOf(writer, item.logTag);
            uint64 stored = AnchorWords.toSeq(_anchors[key]);
            if (item.toSeq <= stored) revert AuditAnchorStale(key, item.toSeq, stored);
            _roots[key] = item.root;
            uint256 word = AnchorWords.pack(item.toSeq);
            _anchors[key] = word;
            emit Changed(LogKey.unwrap(key), word);
        }
    }
}
