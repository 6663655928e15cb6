// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Directory} from "../../../contracts/Directory.sol";
import {IDirectory} from "../../../contracts/interfaces/IDirectory.sol";
import {IRecordRegistry} from "../../../contracts/interfaces/IRecordRegistry.sol";
import {ITypedMessages} from "../../../contracts/interfaces/ITypedMessages.sol";
import {RecordRegistry} from "../../../contracts/RecordRegistry.sol";
import {Proposal, RecordItem, RecordKey} from "../../../contracts/types/Ids.sol";
import {Chain} from "./Vm.sol";

/// @title What RecordRegistry refuses, each by its error and what that names, and what its views
/// say. Alice owns a record; organisations 1–3 have one attester each, and 3 is barred from it.
contract RecordRefusalsTest is Chain {
    uint32 private constant ORGANISATIONS = 3;
    uint32 private constant BARRED = 3;
    bytes32 private constant TAG = keccak256("tag");
    bytes32 private constant ANCHOR = keccak256("anchor");

    Directory private _directory;
    RecordRegistry private _registry;
    RecordKey private _key;
    address private _alice;

    function setUp() external {
        uint32[] memory organisations = new uint32[](ORGANISATIONS);
        address[] memory admins = new address[](ORGANISATIONS);
        for (uint32 i = 0; i < ORGANISATIONS; ++i) {
            (organisations[i], admins[i]) = (i + 1, _admin(i + 1));
        }
        _directory = new Directory(organisations, admins, 2);
        _registry = new RecordRegistry(_directory);
        _alice = _addr(0xA11CE);
        _key = RecordKey.wrap(keccak256(abi.encode(_alice, TAG)));
        for (uint32 i = 1; i <= ORGANISATIONS; ++i) _enrol(_attester(i), i, 4);
        VM.warp(1 days); // so that there is a second that has passed
    }

    function test_zeroIsNoDirectory() external {
        try new RecordRegistry(IDirectory(address(0))) {
            revert("made");
        } catch (bytes memory reason) {
            _same(
                reason,
                abi.encodeWithSelector(IRecordRegistry.RecordRegistryZeroDirectory.selector)
            );
        }
    }

    function test_zeroIsNoRecord() external {
        _refuses(
            _alice,
            _records(RecordItem(0, 1, 1, 2, BARRED, ANCHOR)),
            abi.encodeWithSelector(IRecordRegistry.RecordRegistryZeroTag.selector)
        );
    }

    function test_aFirstItemHasStatusOneShareEpochOneAQuorumAndAnAnchor() external {
        for (uint8 status = 0; status < 7; ++status) {
            if (status != 1) _refusesFirst(RecordItem(TAG, status, 1, 2, BARRED, ANCHOR));
        }
        _refusesFirst(RecordItem(TAG, 1, 0, 2, BARRED, ANCHOR));
        _refusesFirst(RecordItem(TAG, 1, 2, 2, BARRED, ANCHOR));
        _refusesFirst(RecordItem(TAG, 1, 1, 0, BARRED, ANCHOR));
        _refusesFirst(RecordItem(TAG, 1, 1, 2, BARRED, 0));
        require(_registry.anchorOf(_key) == 0, "a refused record has an anchor");
        _accepts(_alice, _records(RecordItem(TAG, 1, 1, 1, 0, ANCHOR)));
    }

    function test_whatIsWrittenOnceIsNotWrittenAgain() external {
        _register();
        bytes memory expected = abi.encodeWithSelector(
            IRecordRegistry.RecordRegistryAlreadyRegistered.selector, _key
        );
        _refuses(_alice, _records(RecordItem(TAG, 1, 1, 2, BARRED, ANCHOR)), expected);
        // Each alone, in what would otherwise be a refresh.
        _refuses(_alice, _records(RecordItem(TAG, 0, 2, 2, 0, 0)), expected);
        _refuses(_alice, _records(RecordItem(TAG, 0, 2, 0, BARRED, 0)), expected);
        _refuses(_alice, _records(RecordItem(TAG, 0, 2, 0, 0, ANCHOR)), expected);
    }

    function test_aLaterItemRefreshesOrEndsAndNothingElse() external {
        _register();
        _accepts(_alice, _change(0, 5));
        _refusesChange(0, 5); // the same again
        _refusesChange(0, 4);
        for (uint8 status = 1; status < 7; ++status) {
            _refusesChange(status, 6); // not both at once
            _refusesChange(status, 4); // signed before the refresh
        }
        _refusesChange(1, 5);
        _refusesChange(2, 5); // who confirms is an attester
        _refusesChange(3, 5);
        _refusesChange(6, 5);
        _refusesChange(255, 5);
        _accepts(_alice, _change(4, 5));
        _refusesChange(4, 5);
        _accepts(_alice, _change(0, 6)); // a superseded version is still shared
        _accepts(_alice, _change(5, 6));
        require(uint8(_registry.recordWord(_key)) == 5, "not erased");
    }

    function test_nothingChangesAnErasedRecord() external {
        _register();
        _accepts(_attester(1), _attest(1, ANCHOR));
        _suspendAttester(1);
        _accepts(_alice, _change(5, 1));
        uint256 word = _registry.recordWord(_key);
        bytes memory expected =
            abi.encodeWithSelector(IRecordRegistry.RecordRegistryErased.selector, _key);
        _refuses(_alice, _change(0, 2), expected);
        _refuses(_alice, _change(5, 1), expected);
        _refuses(_attester(2), _attest(1, ANCHOR), expected);
        _refuses(_alice, _lapse(1), expected);
        require(_registry.recordWord(_key) == word, "changed");
    }

    function test_onlyARegisteredRecordIsAttestedOrLapses() external {
        bytes memory expected =
            abi.encodeWithSelector(IRecordRegistry.RecordRegistryNotRegistered.selector, _key);
        // Zero is what an unregistered record has for an anchor.
        _refuses(_attester(1), _attest(1, 0), expected);
        _refuses(_alice, _lapse(1), expected);
    }

    /// @dev By the two words that decided, so that whoever was refused sees why.
    function test_onlyAnAttesterOfAnActiveOrganisationAttests() external {
        _register();
        _refusesAttester(_addr(0xE4E)); // whom nobody knows
        _refusesAttester(_admin(1)); // another role
        _enrol(_addr(0xC11), 1, 2 + 1 + 8 + 32); // every other role that is no admin's
        _refusesAttester(_addr(0xC11));
        _suspendAttester(1);
        _refusesAttester(_attester(1));
        _suspendOrganisation(2);
        _refusesAttester(_attester(2));
        require(uint16(_registry.recordWord(_key) >> 80) == 0, "a refused verdict counted");
    }

    function test_nobodyAttestsHerOwnRecord() external {
        address own = _attester(1);
        _accepts(own, _records(RecordItem(TAG, 1, 1, 1, 0, ANCHOR)));
        _refuses(
            own,
            abi.encodeCall(_registry.attest, (own, TAG, 1, ANCHOR)),
            abi.encodeWithSelector(IRecordRegistry.RecordRegistryOwnRecord.selector, own)
        );
    }

    function test_theBarredOrganisationDoesNotAttest() external {
        _register();
        _refuses(
            _attester(BARRED),
            _attest(1, ANCHOR),
            abi.encodeWithSelector(
                IRecordRegistry.RecordRegistryBarredOrganisation.selector, _key, BARRED
            )
        );
    }

    function test_aVerdictIsAboutTheAnchorThatWasRegistered() external {
        _register();
        bytes32 other = keccak256("other anchor");
        _refuses(_attester(1), _attest(1, other), _wrongAnchor(other));
        _refuses(_attester(1), _attest(1, 0), _wrongAnchor(0));
    }

    function test_aVerdictIsKnownNewAndWithdrawsOnlyWhatStands() external {
        _register();
        address attester = _attester(1);
        _refuses(attester, _attest(0, ANCHOR), _badVerdict(0, 0));
        _refuses(attester, _attest(3, ANCHOR), _badVerdict(3, 0));
        _refuses(attester, _attest(4, ANCHOR), _badVerdict(4, 0));
        _refuses(attester, _attest(255, ANCHOR), _badVerdict(255, 0));
        for (uint8 verdict = 1; verdict < 3; ++verdict) {
            _accepts(attester, _attest(verdict, ANCHOR));
            _refuses(attester, _attest(verdict, ANCHOR), _badVerdict(verdict, verdict));
            _refuses(attester, _attest(0, ANCHOR), _badVerdict(0, verdict));
            _accepts(attester, _attest(3, ANCHOR));
            _refuses(attester, _attest(3, ANCHOR), _badVerdict(3, 3));
        }
    }

    function test_onlyAVerdictThatStandsLapses() external {
        _register();
        _refuses(_alice, _lapse(1), _badVerdict(3, 0));
        _accepts(_attester(1), _attest(1, ANCHOR));
        _accepts(_attester(1), _attest(3, ANCHOR));
        _suspendAttester(1);
        _refuses(_alice, _lapse(1), _badVerdict(3, 3));
    }

    /// @dev To have left is no offence: what was vouched for before still is.
    function test_noVerdictLapsesWhoseAttesterLeftInPeace() external {
        _register();
        _accepts(_attester(1), _attest(1, ANCHOR));
        bytes memory expected = abi.encodeWithSelector(
            IRecordRegistry.RecordRegistryNotLapsed.selector, _key, uint32(1)
        );
        _refuses(_alice, _lapse(1), expected);
        VM.prank(_admin(1));
        _directory.dismiss(_attester(1));
        _refuses(_alice, _lapse(1), expected);
    }

    /// @dev Either is enough, and anybody may say so.
    function test_aVerdictLapsesWithItsAttesterOrItsOrganisation() external {
        _register();
        _accepts(_attester(1), _attest(2, ANCHOR));
        _accepts(_attester(2), _attest(1, ANCHOR));
        _countsAre(3, 1, 1);
        _suspendAttester(1);
        _accepts(_addr(0xE4E), _lapse(1));
        _countsAre(1, 1, 0);
        _suspendOrganisation(2);
        _accepts(_addr(0xE4E), _lapse(2));
        _countsAre(1, 0, 0);
        uint256 verdict = _registry.verdictWord(_key, 2);
        require(uint8(verdict) == 3, "not withdrawn");
        require(address(uint160(verdict >> 80)) == _attester(2), "whose it was is forgotten");
    }

    /// @dev One rejection outweighs the quorum, and what superseded a version no verdict undoes.
    function test_theStatusFollowsFromTheVerdictsUntilItIsSuperseded() external {
        _register();
        _countsAre(1, 0, 0);
        _accepts(_attester(1), _attest(1, ANCHOR));
        _countsAre(1, 1, 0);
        _accepts(_attester(2), _attest(1, ANCHOR));
        _countsAre(2, 2, 0);
        _accepts(_attester(2), _attest(2, ANCHOR));
        _countsAre(3, 1, 1);
        _accepts(_attester(2), _attest(1, ANCHOR));
        _countsAre(2, 2, 0);
        _accepts(_alice, _change(4, 1));
        _accepts(_attester(1), _attest(2, ANCHOR));
        _countsAre(4, 1, 1);
        _accepts(_attester(1), _attest(3, ANCHOR));
        _countsAre(4, 1, 0);
    }

    function test_recordsAreAcceptedUntilTheLastSecondOfTheirDeadline() external {
        uint64 now_ = uint64(block.timestamp);
        bytes memory expected = abi.encodeWithSelector(
            ITypedMessages.TypedMessagesExpired.selector, now_ - 1, block.timestamp
        );
        _refuses(_alice, abi.encodeCall(_registry.records, (_list(1), now_ - 1)), expected);
        _accepts(_alice, abi.encodeCall(_registry.records, (_list(1), now_)));
    }

    function test_aListHasOneToSixtyFourItems() external {
        for (uint256 length = 0; length < 66; length += 65) {
            bytes memory expected =
                abi.encodeWithSelector(ITypedMessages.TypedMessagesListLength.selector, length);
            RecordItem[] memory items = _list(length);
            _refuses(_alice, abi.encodeCall(_registry.records, (items, FOREVER)), expected);
            _refuses(
                _alice,
                abi.encodeCall(_registry.recordsBySig, (_alice, items, FOREVER, "")),
                expected
            );
        }
        _accepts(_alice, abi.encodeCall(_registry.records, (_list(64), FOREVER)));
    }

    /// @dev One wrong item and none is written: a message is one act.
    function test_aListIsWrittenAsAWholeOrNotAtAll() external {
        RecordItem[] memory items = _list(2);
        items[1] = items[0];
        RecordKey key = _registry.recordKeyOf(_alice, items[0].recordTag);
        _refuses(
            _alice,
            abi.encodeCall(_registry.records, (items, FOREVER)),
            abi.encodeWithSelector(IRecordRegistry.RecordRegistryAlreadyRegistered.selector, key)
        );
        require(_registry.recordWord(key) == 0, "half of it was written");
    }

    /// @dev Sent by the owner herself: who signs is asked for, not who sends.
    function test_nothingIsRegisteredBySomebodyElsesSignature() external {
        bytes memory forged = _sign(0xE4E, _registry.domainSeparator(), keccak256("anything"));
        _refuses(
            _alice,
            abi.encodeCall(_registry.recordsBySig, (_alice, _list(1), FOREVER, forged)),
            abi.encodeWithSelector(ITypedMessages.TypedMessagesBadSignature.selector, _alice)
        );
    }

    function test_viewsShowWhatAStorageProofWould() external {
        require(_registry.directory() == address(_directory), "directory");
        bytes32 id = keccak256("record");
        require(_registry.recordTagOf(id, 7) == keccak256(abi.encode(id, uint32(7))), "tag");
        RecordKey key = _registry.recordKeyOf(_alice, TAG);
        require(RecordKey.unwrap(key) == RecordKey.unwrap(_key), "key");
        bytes32 verdictKey = _registry.verdictKeyOf(_key, 1);
        require(verdictKey == keccak256(abi.encode(_key, uint256(1))), "a verdict's key");
        require(_registry.recordWord(_key) == 0 && _registry.anchorOf(_key) == 0, "a word before");
        require(_registry.verdictWord(_key, 1) == 0, "a verdict before");
        _register();
        _accepts(_attester(1), _attest(1, ANCHOR));
        uint256 word = _registry.recordWord(_key);
        require(uint8(word >> 112) == 2 && uint32(word >> 120) == BARRED, "quorum, bar");
        require(word == _word(address(_registry), RecordKey.unwrap(_key), 0), "slot 0");
        require(_registry.anchorOf(_key) == ANCHOR, "anchor");
        require(uint256(ANCHOR) == _word(address(_registry), RecordKey.unwrap(_key), 1), "slot 1");
        uint256 verdict = _registry.verdictWord(_key, 1);
        require(verdict == _word(address(_registry), verdictKey, 2), "slot 2");
        require(address(uint160(verdict >> 80)) == _attester(1), "attester");
        require(_registry.verdictWord(_key, 2) == 0, "another's verdict");
    }

    function _register() private {
        _accepts(_alice, _records(RecordItem(TAG, 1, 1, 2, BARRED, ANCHOR)));
    }

    function _refusesFirst(RecordItem memory item) private {
        _refuses(
            _alice,
            _records(item),
            abi.encodeWithSelector(
                IRecordRegistry.RecordRegistryBadRegistration.selector,
                _key,
                item.status,
                item.shareEpoch,
                item.quorum,
                item.anchor
            )
        );
    }

    function _refusesChange(uint8 status, uint32 shareEpoch) private {
        _refuses(
            _alice,
            _change(status, shareEpoch),
            abi.encodeWithSelector(
                IRecordRegistry.RecordRegistryBadChange.selector,
                _key,
                status,
                shareEpoch,
                _registry.recordWord(_key)
            )
        );
    }

    function _refusesAttester(address account) private {
        (uint256 word, uint256 organisationWord) = _directory.standing(account);
        _refuses(
            account,
            _attest(1, ANCHOR),
            abi.encodeWithSelector(
                IRecordRegistry.RecordRegistryNotAttester.selector, account, word, organisationWord
            )
        );
    }

    function _countsAre(uint8 status, uint16 confirmed, uint16 rejected) private view {
        uint256 word = _registry.recordWord(_key);
        require(uint8(word) == status, "status");
        require(uint16(word >> 80) == confirmed, "confirmed");
        require(uint16(word >> 96) == rejected, "rejected");
    }

    function _refuses(address sender, bytes memory data, bytes memory expected) private {
        VM.prank(sender);
        (bool accepted, bytes memory reason) = address(_registry).call(data);
        require(!accepted, "accepted");
        _same(reason, expected);
    }

    function _accepts(address sender, bytes memory data) private {
        VM.prank(sender);
        (bool accepted,) = address(_registry).call(data);
        require(accepted, "refused");
    }

    function _enrol(address account, uint32 organisation, uint16 roles) private {
        VM.prank(account);
        _directory.setBindingEpoch(1);
        VM.prank(account);
        _directory.consent(organisation, roles, 1, FOREVER);
        VM.prank(_admin(organisation));
        _directory.enrol(account, roles);
    }

    function _suspendAttester(uint32 organisation) private {
        VM.prank(_admin(organisation));
        _directory.suspend(_attester(organisation));
    }

    /// @dev By the votes of two of three.
    function _suspendOrganisation(uint32 organisation) private {
        Proposal memory proposal = Proposal(1, 2, organisation, address(0), 2, FOREVER);
        VM.prank(_admin(1));
        _directory.vote(proposal);
        VM.prank(_admin(3));
        _directory.vote(proposal);
    }

    function _admin(uint32 organisation) private view returns (address) {
        return _addr(0xAD0000 + organisation);
    }

    function _attester(uint32 organisation) private view returns (address) {
        return _addr(0xD0C000 + organisation);
    }

    function _records(RecordItem memory item) private view returns (bytes memory) {
        RecordItem[] memory items = new RecordItem[](1);
        items[0] = item;
        return abi.encodeCall(_registry.records, (items, FOREVER));
    }

    function _change(uint8 status, uint32 shareEpoch) private view returns (bytes memory) {
        return _records(RecordItem(TAG, status, shareEpoch, 0, 0, 0));
    }

    function _attest(uint8 verdict, bytes32 anchor) private view returns (bytes memory) {
        return abi.encodeCall(_registry.attest, (_alice, TAG, verdict, anchor));
    }

    function _lapse(uint32 organisation) private view returns (bytes memory) {
        return abi.encodeCall(_registry.lapse, (_alice, TAG, organisation));
    }

    function _wrongAnchor(bytes32 anchor) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IRecordRegistry.RecordRegistryWrongAnchor.selector, _key, anchor
        );
    }

    /// @dev Of organisation 1.
    function _badVerdict(uint8 verdict, uint8 stored) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IRecordRegistry.RecordRegistryBadVerdict.selector, _key, uint32(1), verdict, stored
        );
    }

    /// @dev First items of as many records.
    function _list(uint256 length) private pure returns (RecordItem[] memory items) {
        items = new RecordItem[](length);
        for (uint256 i = 0; i < length; ++i) {
            items[i] = RecordItem(keccak256(abi.encode("tag", i)), 1, 1, 1, 0, ANCHOR);
        }
    }

    function _same(bytes memory reason, bytes memory expected) private pure {
        require(keccak256(reason) == keccak256(expected), "another reason");
    }
}
