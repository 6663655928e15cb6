// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Directory} from "../../../contracts/Directory.sol";
import {RecordRegistry} from "../../../contracts/RecordRegistry.sol";
import {Proposal, RecordItem} from "../../../contracts/types/Ids.sol";
import {RECORDS_TYPEHASH, RECORD_ITEM_TYPEHASH} from "../../../contracts/types/TypeHashes.sol";
import {Chain} from "./Vm.sol";

/// @dev Two owners, three versions each, three organisations with one attester each; the twin holds
/// what may never change, and counts verdicts one by one.
contract RecordHandler is Chain {
    struct Record {
        bool known;
        bool erased;
        uint32 shareEpoch;
        uint8 quorum;
        uint32 barredOrg;
        bytes32 anchor;
        bool superseded;
    }

    uint256 public constant OWNERS = 2;
    uint256 public constant TAGS = 3;
    uint32 public constant ORGANISATIONS = 3;

    Directory public immutable directory;
    RecordRegistry public immutable registry;

    mapping(bytes32 key => Record record) public twin;
    mapping(bytes32 key => mapping(uint32 organisation => uint8 verdict)) public verdicts;
    mapping(bytes32 key => uint256 word) public finals;
    mapping(uint32 organisation => bool isSuspended) public suspended;
    string public broken;

    constructor() {
        _know(0xA11CE, OWNERS);
        _know(0xAD0000, ORGANISATIONS + 1);
        _know(0xD0C000, ORGANISATIONS + 1);
        uint32[] memory organisations = new uint32[](ORGANISATIONS);
        address[] memory admins = new address[](ORGANISATIONS);
        for (uint32 i = 0; i < ORGANISATIONS; ++i) {
            organisations[i] = i + 1;
            admins[i] = adminOf(i + 1);
        }
        directory = new Directory(organisations, admins, 2);
        registry = new RecordRegistry(directory);
        for (uint32 i = 1; i <= ORGANISATIONS; ++i) {
            VM.prank(attesterOf(i));
            directory.setBindingEpoch(1);
            VM.prank(attesterOf(i));
            directory.consent(i, 4, 1, FOREVER);
            VM.prank(adminOf(i));
            directory.enrol(attesterOf(i), 4);
        }
    }

    function ownerOf(uint256 owner) public view returns (address) {
        return _addr(0xA11CE + owner);
    }

    function adminOf(uint32 organisation) public view returns (address) {
        return _addr(0xAD0000 + organisation);
    }

    function attesterOf(uint32 organisation) public view returns (address) {
        return _addr(0xD0C000 + organisation);
    }

    function tagOf(uint256 tag) public pure returns (bytes32) {
        return keccak256(abi.encode("tag", tag));
    }

    function keyOf(uint256 owner, uint256 tag) public view returns (bytes32) {
        return keccak256(abi.encode(ownerOf(owner), tagOf(tag)));
    }

    function register(uint256 who, uint256 what, uint8 quorum, uint8 barred, bytes32 anchor, bool sig)
        external
    {
        (uint256 o, uint256 t) = (who % OWNERS, what % TAGS);
        RecordItem memory item =
            RecordItem(tagOf(t), 1, 1, quorum % 4, uint32(barred % 5), anchor);
        bool accepted = _send(o, item, sig);
        Record storage known = twin[keyOf(o, t)];
        if (accepted != (!known.known && item.quorum > 0 && anchor != 0)) broken = "register";
        if (!accepted) return;
        twin[keyOf(o, t)] =
            Record(true, false, 1, item.quorum, item.barredOrg, item.anchor, false);
    }

    function change(uint256 who, uint256 what, uint8 status, uint8 step, bytes32 rest, bool sig)
        external
    {
        (uint256 o, uint256 t) = (who % OWNERS, what % TAGS);
        bytes32 key = keyOf(o, t);
        Record storage known = twin[key];
        if (known.shareEpoch == 0 && step % 3 == 0) return;
        uint32 epoch = known.shareEpoch + (step % 3) - 1; // one less, the same, or a refresh
        // One in eight brings along what is written once.
        bytes32 anchor = uint256(rest) % 8 == 0 ? rest : bytes32(0);
        RecordItem memory item = RecordItem(tagOf(t), status % 7, epoch, 0, 0, anchor);
        bool accepted = _send(o, item, sig);
        bool refresh = item.status == 0 && epoch > known.shareEpoch;
        bool ends = epoch == known.shareEpoch
            && (item.status == 5 || (item.status == 4 && !known.superseded));
        bool expected = known.known && !known.erased && anchor == 0 && (refresh || ends);
        if (accepted != expected) broken = "change";
        if (!accepted) return;
        known.shareEpoch = epoch;
        if (item.status == 4) known.superseded = true;
        if (item.status == 5) {
            known.erased = true;
            finals[key] = _word(address(registry), key, 0);
        }
    }

    function attest(uint256 who, uint256 what, uint32 by, uint8 verdict, bool wrongAnchor) external {
        (uint256 o, uint256 t) = (who % OWNERS, what % TAGS);
        uint32 org = 1 + (by % ORGANISATIONS);
        bytes32 key = keyOf(o, t);
        Record storage known = twin[key];
        uint8 stored = verdicts[key][org];
        verdict %= 5;
        bytes32 anchor = wrongAnchor ? keccak256("other") : known.anchor;
        VM.prank(attesterOf(org));
        (bool accepted,) = address(registry)
            .call(abi.encodeCall(registry.attest, (ownerOf(o), tagOf(t), verdict, anchor)));
        bool fits = verdict != stored
            && (verdict == 1 || verdict == 2 || (verdict == 3 && (stored == 1 || stored == 2)));
        bool expected = known.known && !known.erased && org != known.barredOrg && !wrongAnchor
            && fits && !suspended[org];
        if (accepted != expected) broken = "attest";
        if (accepted) verdicts[key][org] = verdict;
    }

    function lapse(uint256 who, uint256 what, uint32 of_) external {
        (uint256 o, uint256 t) = (who % OWNERS, what % TAGS);
        uint32 org = 1 + (of_ % ORGANISATIONS);
        bytes32 key = keyOf(o, t);
        uint8 stored = verdicts[key][org];
        (bool accepted,) = address(registry)
            .call(abi.encodeCall(registry.lapse, (ownerOf(o), tagOf(t), org)));
        bool expected =
            !twin[key].erased && (stored == 1 || stored == 2) && suspended[org];
        if (accepted != expected) broken = "lapse";
        if (accepted) verdicts[key][org] = 3;
    }

    function suspend(uint32 which) external {
        uint32 org = 1 + (which % ORGANISATIONS);
        bool was = suspended[org];
        VM.prank(adminOf(org));
        if (was) directory.reinstate(attesterOf(org));
        else directory.suspend(attesterOf(org));
        suspended[org] = !was;
    }

    function pass(uint16 secs) external {
        VM.warp(block.timestamp + secs);
    }

    function _send(uint256 o, RecordItem memory item, bool bySig) private returns (bool accepted) {
        RecordItem[] memory items = new RecordItem[](1);
        items[0] = item;
        if (!bySig) {
            VM.prank(ownerOf(o));
            (accepted,) =
                address(registry).call(abi.encodeCall(registry.records, (items, FOREVER)));
            return accepted;
        }
        bytes32 list = keccak256(abi.encode(keccak256(abi.encode(RECORD_ITEM_TYPEHASH, item))));
        bytes32 message = keccak256(abi.encode(RECORDS_TYPEHASH, ownerOf(o), list, FOREVER));
        bytes memory signature = _sign(0xA11CE + o, registry.domainSeparator(), message);
        (accepted,) = address(registry)
            .call(abi.encodeCall(registry.recordsBySig, (ownerOf(o), items, FOREVER, signature)));
    }
}

/// @title Records under any sequence of changes and verdicts.
contract RecordRegistryTest is Chain {
    RecordHandler private _handler;
    RecordRegistry private _registry;

    function setUp() external {
        _handler = new RecordHandler();
        _registry = _handler.registry();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev The anchor, the quorum and the bar never change, an erased word is final, the counts are
    /// those of the verdicts that stand, and the status follows from them.
    function invariant_recordsAreWhatTheirOwnersAndAttestersSaid() external view {
        require(bytes(_handler.broken()).length == 0, _handler.broken());
        for (uint256 o = 0; o < _handler.OWNERS(); ++o) {
            for (uint256 t = 0; t < _handler.TAGS(); ++t) {
                _compare(_handler.keyOf(o, t));
            }
        }
        require(_word(address(_registry), bytes32(0), 0) == 0, "record zero");
        require(_word(address(_registry), bytes32(0), 1) == 0, "anchor zero");
    }

    function _compare(bytes32 key) private view {
        uint256 word = _word(address(_registry), key, 0);
        (
            bool known,
            bool erased,
            uint32 shareEpoch,
            uint8 quorum,
            uint32 barredOrg,
            bytes32 anchor,
            bool superseded
        ) = _handler.twin(key);
        require(known == (word != 0), "known");
        require(bytes32(_word(address(_registry), key, 1)) == anchor, "anchor");
        if (!known) return;
        require(uint32(word >> 8) == shareEpoch, "shareEpoch");
        require(uint8(word >> 112) == quorum, "quorum");
        require(uint32(word >> 120) == barredOrg, "barredOrg");
        require(word >> 152 == 0, "unused bits");
        (uint16 confirmed, uint16 rejected) = _count(key);
        require(uint16(word >> 80) == confirmed, "confirmed");
        require(uint16(word >> 96) == rejected, "rejected");
        uint8 derived = rejected > 0 ? 3 : confirmed >= quorum ? 2 : 1;
        require(uint8(word) == (erased ? 5 : superseded ? 4 : derived), "status");
        if (erased) require(word == _handler.finals(key), "an erased word moved");
    }

    function _count(bytes32 key) private view returns (uint16 confirmed, uint16 rejected) {
        for (uint32 org = 1; org <= _handler.ORGANISATIONS(); ++org) {
            uint8 verdict = _handler.verdicts(key, org);
            bytes32 verdictKey = keccak256(abi.encode(key, uint256(org)));
            require(uint8(_word(address(_registry), verdictKey, 2)) == verdict, "verdict");
            if (verdict == 1) ++confirmed;
            if (verdict == 2) ++rejected;
        }
    }
}
