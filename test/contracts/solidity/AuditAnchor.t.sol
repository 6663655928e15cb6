// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AuditAnchor} from "../../../contracts/AuditAnchor.sol";
import {AnchorItem, LogKey} from "../../../contracts/types/Ids.sol";
import {ANCHORS_TYPEHASH, ANCHOR_ITEM_TYPEHASH} from "../../../contracts/types/TypeHashes.sol";
import {Chain} from "./Vm.sol";

/// @dev Writers who share tags, and a relayer.
contract AuditHandler is Chain {
    uint256 public constant WRITERS = 3;
    uint256 public constant TAGS = 3;

    AuditAnchor public immutable audit = new AuditAnchor();

    mapping(bytes32 key => bytes32 root) public roots;
    mapping(bytes32 key => uint64 toSeq) public ends;
    string public broken;

    constructor() {
        _know(0xA0D17, WRITERS);
    }

    function writerOf(uint256 writer) public view returns (address) {
        return _addr(0xA0D17 + writer);
    }

    function tagOf(uint256 tag) public pure returns (bytes32) {
        return keccak256(abi.encode("log", tag));
    }

    function keyOf(uint256 writer, uint256 tag) public view returns (bytes32) {
        return keccak256(abi.encode(writerOf(writer), tagOf(tag)));
    }

    /// @dev One or two logs at once; the same twice must grow within the list.
    function anchor(uint256 who, uint256 what, bytes32 root, uint8 steps, bool two, bool bySig)
        external
    {
        (uint256 w, uint256 t) = (who % WRITERS, what % TAGS);
        uint64 end = ends[keyOf(w, t)];
        AnchorItem[] memory items = new AnchorItem[](two ? 2 : 1);
        items[0] = AnchorItem(tagOf(t), root, end + steps % 3);
        if (two) items[1] = AnchorItem(tagOf(t), root, items[0].toSeq + (steps / 3) % 2);
        bool expected = root != 0 && steps % 3 > 0 && (!two || (steps / 3) % 2 == 1);
        bool accepted = _send(w, items, bySig);
        if (accepted != expected) broken = "anchor";
        if (!accepted) return;
        roots[keyOf(w, t)] = root;
        ends[keyOf(w, t)] = items[items.length - 1].toSeq;
    }

    function pass(uint16 secs) external {
        VM.warp(block.timestamp + secs);
    }

    function _send(uint256 w, AnchorItem[] memory items, bool bySig)
        private
        returns (bool accepted)
    {
        if (!bySig) {
            VM.prank(writerOf(w));
            (accepted,) = address(audit).call(abi.encodeCall(audit.anchor, (items)));
            return accepted;
        }
        bytes32[] memory hashes = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            hashes[i] = keccak256(abi.encode(ANCHOR_ITEM_TYPEHASH, items[i]));
        }
        bytes32 list = keccak256(abi.encodePacked(hashes));
        bytes32 message = keccak256(abi.encode(ANCHORS_TYPEHASH, writerOf(w), list));
        bytes memory signature = _sign(0xA0D17 + w, audit.domainSeparator(), message);
        (accepted,) = address(audit)
            .call(abi.encodeCall(audit.anchorBySig, (writerOf(w), items, signature)));
    }
}

/// @title Anchors under any sequence of writers and logs.
contract AuditAnchorTest is Chain {
    AuditHandler private _handler;
    AuditAnchor private _audit;

    function setUp() external {
        _handler = new AuditHandler();
        _audit = _handler.audit();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_logsOnlyGrowByTheirWriters() external view {
        require(bytes(_handler.broken()).length == 0, _handler.broken());
        for (uint256 w = 0; w < _handler.WRITERS(); ++w) {
            for (uint256 t = 0; t < _handler.TAGS(); ++t) {
                bytes32 key = _handler.keyOf(w, t);
                require(bytes32(_word(address(_audit), key, 0)) == _handler.roots(key), "root");
                uint256 word = _word(address(_audit), key, 1);
                require(uint64(word) == _handler.ends(key), "toSeq");
                require(word >> 104 == 0, "unused bits");
            }
        }
    }

    function testFuzz_viewsShowWhatWasAnchored(bytes32 tag, bytes32 root, uint64 toSeq) external {
        if (tag == 0 || root == 0 || toSeq == 0) return;
        AnchorItem[] memory items = new AnchorItem[](1);
        items[0] = AnchorItem(tag, root, toSeq);
        _audit.anchor(items);
        LogKey key = _audit.logKeyOf(address(this), tag);
        require(_audit.rootOf(key) == root, "root");
        require(uint64(_audit.anchorWord(key)) == toSeq, "toSeq");
    }
}
