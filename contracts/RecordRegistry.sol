// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDirectory} from "./interfaces/IDirectory.sol";
import {IRecordRegistry} from "./interfaces/IRecordRegistry.sol";
import {TypedMessages} from "./TypedMessages.sol";
import {RecordItem, RecordKey} from "./types/Ids.sol";
import {RECORDS_TYPEHASH, RECORD_ITEM_TYPEHASH} from "./types/TypeHashes.sol";
import {AccountWords, RecordWords, Roles, StandingWords, VerdictWords} from "./types/Words.sol";

/// @title Record versions: what was stored, who vouches for it, whether it still exists.
/// @notice See IRecordRegistry. A first verdict writes two words, a refresh one.
contract RecordRegistry is IRecordRegistry, TypedMessages {
    using RecordWords for uint256;

    mapping(RecordKey key => uint256 word) private _records; // slot 0, frozen
    mapping(RecordKey key => bytes32 anchor) private _anchors; // slot 1, frozen
    mapping(bytes32 verdictKey => uint256 word) private _verdicts; // slot 2, frozen

    IDirectory private immutable _directory;

    /// @param directory_ The Directory whose words decide who attests; fixed for ever.
    constructor(IDirectory directory_) {
        if (address(directory_) == address(0)) revert RecordRegistryZeroDirectory();
        _directory = directory_;
    }

    /// @inheritdoc IRecordRegistry
    function records(RecordItem[] calldata items, uint64 deadline) external {
        _setAll(msg.sender, items, deadline);
    }

    /// @inheritdoc IRecordRegistry
    function recordsBySig(
        address owner,
        RecordItem[] calldata items,
        uint64 deadline,
        bytes calldata signature
    ) external {
        _checkLength(items.length);
        bytes32[] memory hashes = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            hashes[i] = keccak256(abi.encode(RECORD_ITEM_TYPEHASH, items[i]));
        }
        bytes32 list = keccak256(abi.encodePacked(hashes));
        bytes32 message = keccak256(abi.encode(RECORDS_TYPEHASH, owner, list, deadline));
        _checkSignature(owner, message, signature);
        _setAll(owner, items, deadline);
    }

    /// @inheritdoc IRecordRegistry
    function attest(address owner, bytes32 recordTag, uint8 verdict, bytes32 anchor) external {
        uint32 organisation = _attesterOrganisation(msg.sender);
        if (msg.sender == owner) revert RecordRegistryOwnRecord(owner);
        RecordKey key = recordKeyOf(owner, recordTag);
        uint256 word = _standingWord(key);
        if (organisation == word.barredOrg()) {
            revert RecordRegistryBarredOrganisation(key, organisation);
        }
        if (anchor != _anchors[key]) revert RecordRegistryWrongAnchor(key, anchor);
        bytes32 verdictKey = verdictKeyOf(key, organisation);
        uint8 stored = VerdictWords.verdict(_verdicts[verdictKey]);
        bool stands = stored == VerdictWords.CONFIRMED || stored == VerdictWords.REJECTED;
        bool known = verdict == VerdictWords.CONFIRMED || verdict == VerdictWords.REJECTED;
        if (verdict == stored || !(known || (verdict == VerdictWords.WITHDRAWN && stands))) {
            revert RecordRegistryBadVerdict(key, organisation, verdict, stored);
        }
        _setVerdict(verdictKey, VerdictWords.pack(verdict, msg.sender));
        _setRecord(key, _recount(word, stored, verdict));
    }

    /// @inheritdoc IRecordRegistry
    function lapse(address owner, bytes32 recordTag, uint32 organisation) external {
        RecordKey key = recordKeyOf(owner, recordTag);
        uint256 word = _standingWord(key);
        bytes32 verdictKey = verdictKeyOf(key, organisation);
        uint256 verdict = _verdicts[verdictKey];
        uint8 stored = VerdictWords.verdict(verdict);
        if (stored != VerdictWords.CONFIRMED && stored != VerdictWords.REJECTED) {
            revert RecordRegistryBadVerdict(key, organisation, VerdictWords.WITHDRAWN, stored);
        }
        address attester = VerdictWords.attester(verdict);
        if (
            StandingWords.status(_directory.organisationWord(organisation)) == StandingWords.ACTIVE
                && AccountWords.status(_directory.accountWord(attester)) != AccountWords.SUSPENDED
        ) revert RecordRegistryNotLapsed(key, organisation);
        _setVerdict(verdictKey, VerdictWords.pack(VerdictWords.WITHDRAWN, attester));
        _setRecord(key, _recount(word, stored, VerdictWords.WITHDRAWN));
    }

    /// @inheritdoc IRecordRegistry
    function directory() external view returns (address) {
        return address(_directory);
    }

    /// @inheritdoc IRecordRegistry
    function recordWord(RecordKey key) external view returns (uint256) {
        return _records[key];
    }

    /// @inheritdoc IRecordRegistry
    function anchorOf(RecordKey key) external view returns (bytes32) {
        return _anchors[key];
    }

    /// @inheritdoc IRecordRegistry
    function verdictWord(RecordKey key, uint32 organisation) external view returns (uint256) {
        return _verdicts[verdictKeyOf(key, organisation)];
    }

    /// @inheritdoc IRecordRegistry
    function recordTagOf(bytes32 recordId, uint32 ver) external pure returns (bytes32) {
        return keccak256(abi.encode(recordId, ver));
    }

    /// @inheritdoc IRecordRegistry
    function recordKeyOf(address owner, bytes32 recordTag) public pure returns (RecordKey) {
        return RecordKey.wrap(keccak256(abi.encode(owner, recordTag)));
    }

    /// @inheritdoc IRecordRegistry
    function verdictKeyOf(RecordKey key, uint32 organisation) public pure returns (bytes32) {
        return keccak256(abi.encode(key, uint256(organisation)));
    }

    function _setAll(address owner, RecordItem[] calldata items, uint64 deadline) private {
        _checkDeadline(deadline);
        _checkLength(items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            RecordItem calldata item = items[i];
            if (item.recordTag == 0) revert RecordRegistryZeroTag();
            RecordKey key = recordKeyOf(owner, item.recordTag);
            uint256 word = _records[key];
            if (word == 0) _register(key, item);
            else _change(key, word, item);
        }
    }

    function _register(RecordKey key, RecordItem calldata item) private {
        if (
            item.status != RecordWords.STORED || item.shareEpoch != 1 || item.quorum == 0
                || item.anchor == 0
        ) {
            revert RecordRegistryBadRegistration(
                key, item.status, item.shareEpoch, item.quorum, item.anchor
            );
        }
        _anchors[key] = item.anchor;
        _setRecord(key, RecordWords.pack(item.quorum, item.barredOrg));
    }

    function _change(RecordKey key, uint256 word, RecordItem calldata item) private {
        uint8 stored = word.status();
        if (stored == RecordWords.ERASED) revert RecordRegistryErased(key);
        if (item.quorum != 0 || item.barredOrg != 0 || item.anchor != 0) {
            revert RecordRegistryAlreadyRegistered(key);
        }
        if (item.status == 0 && item.shareEpoch > word.shareEpoch()) {
            _setRecord(key, word.withShareEpoch(item.shareEpoch));
        } else if (
            item.shareEpoch == word.shareEpoch() && item.status > stored
                && (item.status == RecordWords.SUPERSEDED || item.status == RecordWords.ERASED)
        ) {
            _setRecord(key, word.withStatus(item.status));
        } else {
            revert RecordRegistryBadChange(key, item.status, item.shareEpoch, word);
        }
    }

    function _setRecord(RecordKey key, uint256 word) private {
        _records[key] = word;
        emit Changed(RecordKey.unwrap(key), word);
    }

    function _setVerdict(bytes32 verdictKey, uint256 word) private {
        _verdicts[verdictKey] = word;
        emit Changed(verdictKey, word);
    }

    function _standingWord(RecordKey key) private view returns (uint256 word) {
        word = _records[key];
        if (word == 0) revert RecordRegistryNotRegistered(key);
        if (word.status() == RecordWords.ERASED) revert RecordRegistryErased(key);
    }

    function _attesterOrganisation(address account) private view returns (uint32) {
        (uint256 word, uint256 organisationWord) = _directory.standing(account);
        if (
            AccountWords.status(word) != AccountWords.OPEN
                || AccountWords.roles(word) & Roles.ATTESTER == 0
                || StandingWords.status(organisationWord) != StandingWords.ACTIVE
        ) revert RecordRegistryNotAttester(account, word, organisationWord);
        return AccountWords.organisation(word);
    }

    /// @dev Moves both counts from the old verdict to the new one, then derives the status.
    function _recount(uint256 word, uint8 from, uint8 to) private view returns (uint256) {
        uint16 confirmed = word.confirmed();
        uint16 rejected = word.rejected();
        if (from == VerdictWords.CONFIRMED) --confirmed;
        if (from == VerdictWords.REJECTED) --rejected;
        if (to == VerdictWords.CONFIRMED) ++confirmed;
        if (to == VerdictWords.REJECTED) ++rejected;
        uint8 status = word.status();
        if (status != RecordWords.SUPERSEDED) {
            status = rejected > 0
                ? RecordWords.REJECTED
                : confirmed >= word.quorum() ? RecordWords.ATTESTED : RecordWords.STORED;
        }
        return word.withCounts(confirmed, rejected).withStatus(status);
    }
}
