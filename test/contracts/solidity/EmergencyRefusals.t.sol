// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Directory} from "../../../contracts/Directory.sol";
import {Emergency} from "../../../contracts/Emergency.sol";
import {GrantRegistry} from "../../../contracts/GrantRegistry.sol";
import {IDirectory} from "../../../contracts/interfaces/IDirectory.sol";
import {IEmergency} from "../../../contracts/interfaces/IEmergency.sol";
import {IGrantRegistry} from "../../../contracts/interfaces/IGrantRegistry.sol";
import {ITypedMessages} from "../../../contracts/interfaces/ITypedMessages.sol";
import {GrantOpening, NoticeId, Proposal} from "../../../contracts/types/Ids.sol";
import {
    BREAK_GLASS_TYPEHASH,
    GRANT_OPENING_TYPEHASH
} from "../../../contracts/types/TypeHashes.sol";
import {Chain} from "./Vm.sol";

/// @title What Emergency refuses, each by its error and what that names, and what its views say.
/// Alice wished for emergency access; four clinicians of organisation 1 and two of 2 may break her
/// glass, and organisation 3 reviews.
contract EmergencyRefusalsTest is Chain {
    uint32 private constant ORGANISATIONS = 3;
    uint256 private constant CLINICIANS = 6;
    bytes32 private constant REASON = keccak256("reason");
    bytes32 private constant OUTCOME = keccak256("outcome");

    Directory private _directory;
    GrantRegistry private _grants;
    Emergency private _emergency;
    address private _alice;

    /// @dev Keys of the clinicians, in the ascending order of their accounts.
    uint256[] private _keys;

    function setUp() external {
        uint32[] memory organisations = new uint32[](ORGANISATIONS);
        address[] memory admins = new address[](ORGANISATIONS);
        for (uint32 i = 0; i < ORGANISATIONS; ++i) {
            (organisations[i], admins[i]) = (i + 1, _admin(i + 1));
        }
        _directory = new Directory(organisations, admins, 2);
        _grants = new GrantRegistry();
        _emergency = new Emergency(_directory, _grants, 2, 2 days);
        _alice = _addr(0xA11CE);
        for (uint256 c = 0; c < CLINICIANS; ++c) _insert(0xD0C000 + c);
        for (uint256 c = 0; c < CLINICIANS; ++c) _enrol(_clinician(c), c < 4 ? 1 : 2, 2);
        VM.prank(_alice);
        _grants.revokeAll(2);
        VM.prank(_alice);
        _emergency.setWish(2, 1);
    }

    function test_eachSettingHasItsBounds() external {
        (address directory, address grants) = (address(_directory), address(_grants));
        _refusesSettings(address(0), grants, 2, 1 hours);
        _refusesSettings(directory, address(0), 2, 1 hours);
        _refusesSettings(directory, grants, 1, 1 hours);
        _refusesSettings(directory, grants, 6, 1 hours);
        _refusesSettings(directory, grants, 2, 1 hours - 1);
        _refusesSettings(directory, grants, 2, 90 days + 1);
        Emergency made = new Emergency(_directory, _grants, 2, 1 hours);
        require(made.directory() == directory && made.grants() == grants, "addresses");
        made = new Emergency(_directory, _grants, 5, 90 days);
        (uint8 quorum, uint40 reviewSeconds) = made.settings();
        require(quorum == 5 && reviewSeconds == 90 days, "settings");
    }

    function test_aWishIsOneOfThree() external {
        uint8[3] memory unknown = [0, 4, 255];
        for (uint256 i = 0; i < 3; ++i) {
            _refuses(
                _alice,
                abi.encodeCall(_emergency.setWish, (unknown[i], 2)),
                abi.encodeWithSelector(IEmergency.EmergencyUnknownWish.selector, unknown[i])
            );
        }
        for (uint8 wish = 1; wish < 4; ++wish) {
            _accepts(_alice, abi.encodeCall(_emergency.setWish, (wish, 1 + wish)));
            require(uint8(_emergency.wishWord(_alice)) == wish, "wish");
        }
    }

    function test_aWishCarriesAHigherVersion() external {
        _accepts(_alice, abi.encodeCall(_emergency.setWish, (3, 5)));
        for (uint64 version = 4; version < 6; ++version) {
            _refuses(
                _alice,
                abi.encodeCall(_emergency.setWish, (1, version)),
                abi.encodeWithSelector(
                    IEmergency.EmergencyStaleWish.selector, _alice, version, uint64(5)
                )
            );
        }
        require(uint8(_emergency.wishWord(_alice)) == 3, "a refused wish counted");
    }

    /// @dev Sent by the owner herself: who signs is asked for, not who sends.
    function test_nothingIsDoneBySomebodyElsesSignature() external {
        bytes memory expected =
            abi.encodeWithSelector(ITypedMessages.TypedMessagesBadSignature.selector, _alice);
        bytes memory forged = _sign(0xE4E, _emergency.domainSeparator(), keccak256("anything"));
        _refuses(
            _alice, abi.encodeCall(_emergency.setWishBySig, (_alice, 1, 2, forged)), expected
        );
        _refuses(
            _alice,
            abi.encodeCall(_emergency.reviewOwnBySig, (_alice, _hash(), OUTCOME, forged)),
            expected
        );
    }

    function test_noHashIsZero() external {
        bytes memory expected = abi.encodeWithSelector(IEmergency.EmergencyZeroHash.selector);
        bytes[] memory signatures = _signatures(2);
        _refuses(
            _alice,
            abi.encodeCall(_emergency.breakGlass, (_alice, 0, REASON, 2, signatures)),
            expected
        );
        _refuses(
            _alice,
            abi.encodeCall(_emergency.breakGlass, (_alice, _hash(), 0, 2, signatures)),
            expected
        );
        _refuses(
            _alice,
            abi.encodeCall(_emergency.examine, (_alice, _opening(), 0, 2, signatures)),
            expected
        );
        _breakGlass();
        _refuses(_alice, abi.encodeCall(_emergency.reviewOwn, (_hash(), 0)), expected);
        _refuses(_admin(3), abi.encodeCall(_emergency.review, (_notice(), 0)), expected);
    }

    /// @dev Silence is no wish: who never said anything cannot be reached.
    function test_noGlassIsBrokenAgainstAWishOrWithoutOne() external {
        bytes[] memory signatures = _signatures(2);
        address bob = _addr(0xB0B);
        _refuses(
            bob,
            abi.encodeCall(_emergency.breakGlass, (bob, _hash(), REASON, 1, signatures)),
            abi.encodeWithSelector(IEmergency.EmergencyUnwished.selector, bob, uint8(0))
        );
        _accepts(_alice, abi.encodeCall(_emergency.setWish, (3, 2)));
        _refusesGlass(
            signatures,
            abi.encodeWithSelector(IEmergency.EmergencyUnwished.selector, _alice, uint8(3))
        );
        _accepts(_alice, abi.encodeCall(_emergency.setWish, (1, 3)));
        _breakGlass();
    }

    function test_aGlassIsBrokenInTheOwnersEpochOnly() external {
        bytes[] memory signatures = _signatures(2);
        for (uint32 epoch = 1; epoch < 4; epoch += 2) {
            _refuses(
                _alice,
                abi.encodeCall(
                    _emergency.breakGlass, (_alice, _hash(), REASON, epoch, signatures)
                ),
                _wrongEpoch(_alice, epoch, 2)
            );
        }
        // An owner who never wrote has no epoch here, not even the first: nothing is proven of her.
        address bob = _addr(0xB0B);
        _accepts(bob, abi.encodeCall(_emergency.setWish, (1, 1)));
        for (uint32 epoch = 0; epoch < 2; ++epoch) {
            _refuses(
                bob,
                abi.encodeCall(_emergency.breakGlass, (bob, _hash(), REASON, epoch, signatures)),
                _wrongEpoch(bob, epoch, 0)
            );
        }
    }

    function test_atLeastTheQuorumAndAtMostFiveSign() external {
        uint256[3] memory counts = [uint256(0), 1, 6];
        for (uint256 i = 0; i < 3; ++i) {
            _refusesGlass(
                _signatures(counts[i]),
                abi.encodeWithSelector(
                    IEmergency.EmergencySignerCount.selector, counts[i], uint256(2)
                )
            );
        }
        _accepts(_alice, _glass(_signatures(5)));
    }

    function test_everySignatureIsSomebodys() external {
        for (uint256 i = 0; i < 3; ++i) {
            bytes[] memory signatures = _signatures(3);
            signatures[i] = i == 1 ? new bytes(65) : bytes("");
            _refusesGlass(
                signatures,
                abi.encodeWithSelector(IEmergency.EmergencyBadSignature.selector, i)
            );
        }
    }

    /// @dev So that none counts twice.
    function test_signaturesStandInAscendingOrderEachOnce() external {
        bytes[] memory signatures = _signatures(3);
        (signatures[1], signatures[2]) = (signatures[2], signatures[1]);
        _refusesGlass(signatures, _order(_clinician(1)));
        signatures[1] = signatures[0];
        _refusesGlass(signatures, _order(_clinician(0)));
    }

    /// @dev By the two words that decided, so that whoever was refused sees why.
    function test_onlyCliniciansOfActiveOrganisationsBreakAGlass() external {
        VM.prank(_clinician(1));
        _directory.consent(0, 0, 2, FOREVER);
        _refusesClinician(1); // who left
        address other = _clinician(1);
        VM.prank(other);
        _directory.consent(1, 1 + 4 + 8 + 32, 3, FOREVER);
        VM.prank(_admin(1));
        _directory.enrol(other, 1 + 4 + 8 + 32);
        _refusesClinician(1); // every other role that is no admin's
        VM.prank(other);
        _directory.consent(1, 2, 4, FOREVER);
        VM.prank(_admin(1));
        _directory.enrol(other, 2);
        VM.prank(_admin(1));
        _directory.suspend(_clinician(0));
        _refusesClinician(0); // who is suspended
        VM.prank(_admin(1));
        _directory.reinstate(_clinician(0));
        _suspendOrganisation(2);
        _refusesClinician(4); // whose organisation is
        _accepts(_alice, _glass(_signatures(2)));
    }

    function test_aNoticeIsGivenOnce() external {
        _breakGlass();
        uint256 word = _emergency.noticeWord(_notice());
        bytes memory expected =
            abi.encodeWithSelector(IEmergency.EmergencyAlreadyNoticed.selector, _notice());
        _refuses(_alice, _glass(_signatures(3)), expected);
        _accepts(_alice, abi.encodeCall(_emergency.reviewOwn, (_hash(), OUTCOME)));
        _refuses(_alice, _glass(_signatures(2)), expected);
        require(_emergency.noticeWord(_notice()) == word, "changed");
    }

    function test_anOpeningIsForOneAccountOnePurposeAndOneToTwentyFourHours() external {
        GrantOpening memory opening = _opening();
        for (uint8 kind = 0; kind < 4; ++kind) {
            opening.granteeKind = kind;
            if (kind != 1) _refusesOpening(opening);
        }
        opening = _opening();
        for (uint256 bit = 0; bit < 32; ++bit) {
            opening.purposes = uint32(1 << bit);
            if (bit != 3 && bit != 4) _refusesOpening(opening);
        }
        opening.purposes = 0;
        _refusesOpening(opening);
        opening.purposes = (1 << 3) | (1 << 4); // either, not both
        _refusesOpening(opening);
        opening = _opening();
        opening.notAfter = opening.notBefore - 1;
        _refusesOpening(opening);
        opening.notAfter = opening.notBefore;
        _refusesOpening(opening);
        opening.notAfter = opening.notBefore + 1 hours - 1;
        _refusesOpening(opening);
        opening.notAfter = opening.notBefore + 24 hours + 1;
        _refusesOpening(opening);
    }

    function test_whoAsksIsAmongThoseWhoSign() external {
        GrantOpening memory opening = _opening();
        opening.grantee = bytes32(uint256(uint160(_clinician(2))));
        _refuses(
            _alice,
            _examine(opening),
            abi.encodeWithSelector(IEmergency.EmergencyRequesterMissing.selector, opening.grantee)
        );
        // The same address with something above it is another grantee.
        opening.grantee = bytes32(uint256(uint160(_clinician(1))) | (1 << 160));
        _refuses(
            _alice,
            _examine(opening),
            abi.encodeWithSelector(IEmergency.EmergencyRequesterMissing.selector, opening.grantee)
        );
    }

    /// @dev The shortest and the longest, for either purpose, whoever of the signers asks.
    function test_examineTellsWhoSigned() external view {
        GrantOpening memory opening = _opening();
        for (uint256 asks = 0; asks < 3; ++asks) {
            opening.grantee = bytes32(uint256(uint160(_clinician(asks))));
            opening.purposes = asks == 0 ? 1 << 3 : 1 << 4;
            opening.notAfter = opening.notBefore + (asks == 1 ? 24 hours : 1 hours);
            bytes[] memory signatures = _signaturesOf(_hashOf(opening), 3);
            address[] memory signers =
                _emergency.examine(_alice, opening, REASON, 2, signatures);
            require(signers.length == 3, "how many");
            for (uint256 i = 0; i < 3; ++i) require(signers[i] == _clinician(i), "who");
        }
    }

    function test_onlyAnAdminOfAnotherActiveOrganisationReviews() external {
        _breakGlass(); // by clinicians of organisation 1
        _refusesReviewer(_addr(0xE4E)); // whom nobody knows
        _refusesReviewer(_clinician(5)); // another role
        _refusesReviewer(_admin(1)); // a signer's
        address second = _addr(0xAD);
        _enrol(second, 3, 1);
        _refusesReviewer(second); // another role, of an organisation that may
        VM.prank(_admin(3));
        _directory.suspend(_admin(3));
        _refusesReviewer(_admin(3)); // suspended by itself
        _suspendOrganisation(2);
        _refusesReviewer(_admin(2)); // of a suspended organisation
        require(_emergency.outcomeOf(_notice()) == 0, "a refused outcome counted");
    }

    /// @dev In whatever place they signed: organisation 2 has the fifth, who is the last.
    function test_noOrganisationReviewsItsOwnSigners() external {
        _accepts(_alice, _glass(_signatures(5)));
        _refusesReviewer(_admin(1));
        _refusesReviewer(_admin(2));
        _accepts(_admin(3), abi.encodeCall(_emergency.review, (_notice(), OUTCOME)));
        require(_emergency.outcomeOf(_notice()) == OUTCOME, "outcome");
    }

    function test_aReviewEndsOnceAndOnlyAfterANotice() external {
        bytes memory review = abi.encodeCall(_emergency.review, (_notice(), OUTCOME));
        bytes memory own = abi.encodeCall(_emergency.reviewOwn, (_hash(), OUTCOME));
        _refuses(_admin(3), review, _notOpen(0));
        _refuses(_alice, own, _notOpen(0));
        _breakGlass();
        _accepts(_admin(3), review);
        _refuses(_admin(3), review, _notOpen(2));
        _refuses(_alice, own, _notOpen(2));
    }

    /// @dev Whoever sends it, `reviewOwn` is about the sender's own notice.
    function test_nobodyReviewsAnotherOwnersNoticeAsHerOwn() external {
        _breakGlass();
        address bob = _addr(0xB0B);
        _refuses(
            bob,
            abi.encodeCall(_emergency.reviewOwn, (_hash(), OUTCOME)),
            abi.encodeWithSelector(
                IEmergency.EmergencyNotOpen.selector,
                keccak256(abi.encode(bob, _hash())),
                uint8(0)
            )
        );
    }

    function test_aReviewIsOverdueAfterItsTimeUntilItIsDone() external {
        require(!_emergency.overdue(_notice()), "without a notice");
        _breakGlass();
        uint256 dueAt = block.timestamp + 2 days;
        VM.warp(dueAt);
        require(!_emergency.overdue(_notice()), "in its last second");
        VM.warp(dueAt + 1);
        require(_emergency.overdue(_notice()), "late");
        _accepts(_admin(3), abi.encodeCall(_emergency.review, (_notice(), OUTCOME)));
        require(!_emergency.overdue(_notice()), "done");
        uint256 word = _emergency.reviewWord(_notice());
        require(uint40(word >> 48) == dueAt && uint40(word >> 8) == dueAt + 1, "lateness shows");
    }

    function test_viewsShowWhatAStorageProofWould() external {
        require(_emergency.directory() == address(_directory), "directory");
        require(_emergency.grants() == address(_grants), "grants");
        (uint8 quorum, uint40 reviewSeconds) = _emergency.settings();
        require(quorum == 2 && reviewSeconds == 2 days, "settings");
        NoticeId notice = _emergency.noticeIdOf(_alice, _hash());
        require(NoticeId.unwrap(notice) == NoticeId.unwrap(_notice()), "id");
        bytes32 key = _emergency.reviewKeyOf(notice);
        require(key == keccak256(abi.encode(notice)), "a review's key");
        require(_emergency.noticeWord(notice) == 0, "a notice before");
        require(_emergency.reviewWord(notice) == 0, "a review before");
        _breakGlass();
        uint256 word = _emergency.noticeWord(notice);
        require(word == _word(address(_emergency), NoticeId.unwrap(notice), 1), "slot 1");
        require(uint8(word) == 1 && uint32(word >> 8) == 2, "status, epoch");
        require(uint64(word >> 40) == 1 && uint8(word >> 144) == 1, "version, flag");
        word = _emergency.reviewWord(notice);
        require(word == _word(address(_emergency), key, 2), "slot 2");
        require(uint160(word >> 88) == (1 << 32) | 1, "whose clinicians signed");
        require(_emergency.outcomeOf(notice) == 0, "an outcome before");
        _accepts(_alice, abi.encodeCall(_emergency.reviewOwn, (_hash(), OUTCOME)));
        require(_emergency.outcomeOf(notice) == OUTCOME, "outcome");
        require(uint8(_emergency.reviewWord(notice)) == 2, "not done");
        bytes32 owner = bytes32(uint256(uint160(_alice)));
        word = _emergency.wishWord(_alice);
        require(word == _word(address(_emergency), owner, 0), "slot 0");
        require(uint8(word) == 2 && uint64(word >> 8) == 1, "wish, version");
    }

    function _breakGlass() private {
        _accepts(_alice, _glass(_signatures(2)));
    }

    function _refusesSettings(address directory, address grants, uint8 quorum, uint40 secs)
        private
    {
        try new Emergency(IDirectory(directory), IGrantRegistry(grants), quorum, secs) {
            revert("made");
        } catch (bytes memory reason) {
            bytes memory expected = abi.encodeWithSelector(
                IEmergency.EmergencyBadSettings.selector, directory, grants, quorum, secs
            );
            require(keccak256(reason) == keccak256(expected), "another reason");
        }
    }

    /// @dev By `breakGlass` and by `examine`, which check alike.
    function _refusesGlass(bytes[] memory signatures, bytes memory expected) private {
        _refuses(_alice, _glass(signatures), expected);
        _refuses(
            _alice,
            abi.encodeCall(_emergency.examine, (_alice, _opening(), REASON, 2, signatures)),
            expected
        );
    }

    /// @dev The first five sign, of whom this one may not.
    function _refusesClinician(uint256 n) private {
        address account = _clinician(n);
        (uint256 word, uint256 organisation) = _directory.standing(account);
        _refusesGlass(
            _signatures(5),
            abi.encodeWithSelector(
                IEmergency.EmergencyNotClinician.selector, account, word, organisation
            )
        );
    }

    function _refusesOpening(GrantOpening memory opening) private {
        _refuses(
            _alice,
            _examine(opening),
            abi.encodeWithSelector(
                IEmergency.EmergencyBadOpening.selector,
                opening.granteeKind,
                opening.purposes,
                opening.notBefore,
                opening.notAfter
            )
        );
    }

    function _refusesReviewer(address account) private {
        (uint256 word, uint256 organisation) = _directory.standing(account);
        _refuses(
            account,
            abi.encodeCall(_emergency.review, (_notice(), OUTCOME)),
            abi.encodeWithSelector(
                IEmergency.EmergencyNotReviewer.selector, account, word, organisation
            )
        );
    }

    function _refuses(address sender, bytes memory data, bytes memory expected) private {
        VM.prank(sender);
        (bool accepted, bytes memory reason) = address(_emergency).call(data);
        require(!accepted && keccak256(reason) == keccak256(expected), "another reason");
    }

    function _accepts(address sender, bytes memory data) private {
        VM.prank(sender);
        (bool accepted,) = address(_emergency).call(data);
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

    /// @dev By the votes of two of three.
    function _suspendOrganisation(uint32 organisation) private {
        Proposal memory proposal = Proposal(1, 2, organisation, address(0), 2, FOREVER);
        VM.prank(_admin(1));
        _directory.vote(proposal);
        VM.prank(_admin(organisation));
        _directory.vote(proposal);
    }

    function _insert(uint256 key) private {
        _keys.push(key);
        for (uint256 i = _keys.length - 1; i > 0; --i) {
            if (_clinician(i) > _clinician(i - 1)) break;
            (_keys[i], _keys[i - 1]) = (_keys[i - 1], _keys[i]);
        }
    }

    function _clinician(uint256 n) private view returns (address) {
        return _addr(_keys[n]);
    }

    function _admin(uint32 organisation) private view returns (address) {
        return _addr(0xAD0000 + organisation);
    }

    function _notice() private view returns (NoticeId) {
        return NoticeId.wrap(keccak256(abi.encode(_alice, _hash())));
    }

    function _hash() private view returns (bytes32) {
        return _hashOf(_opening());
    }

    /// @dev For the first clinician.
    function _opening() private view returns (GrantOpening memory opening) {
        opening.granteeKind = 1;
        opening.grantee = bytes32(uint256(uint160(_clinician(0))));
        opening.purposes = 1 << 4;
        opening.notBefore = 1 days;
        opening.notAfter = opening.notBefore + 1 hours;
        opening.salt = keccak256("salt");
    }

    function _glass(bytes[] memory signatures) private view returns (bytes memory) {
        return abi.encodeCall(_emergency.breakGlass, (_alice, _hash(), REASON, 2, signatures));
    }

    /// @dev The first two sign.
    function _examine(GrantOpening memory opening) private view returns (bytes memory) {
        bytes[] memory signatures = _signaturesOf(_hashOf(opening), 2);
        return abi.encodeCall(_emergency.examine, (_alice, opening, REASON, 2, signatures));
    }

    /// @dev Of the first clinicians, in order, for the opening as it should be.
    function _signatures(uint256 count) private view returns (bytes[] memory) {
        return _signaturesOf(_hash(), count);
    }

    function _signaturesOf(bytes32 openingHash, uint256 count)
        private
        view
        returns (bytes[] memory signatures)
    {
        bytes32 domain = _emergency.domainSeparator();
        bytes32 message =
            keccak256(abi.encode(BREAK_GLASS_TYPEHASH, _alice, openingHash, REASON, uint32(2)));
        signatures = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            signatures[i] = _sign(_keys[i], domain, message);
        }
    }

    function _notOpen(uint8 status) private view returns (bytes memory) {
        return abi.encodeWithSelector(IEmergency.EmergencyNotOpen.selector, _notice(), status);
    }

    function _hashOf(GrantOpening memory opening) private pure returns (bytes32) {
        return keccak256(abi.encode(GRANT_OPENING_TYPEHASH, opening));
    }

    function _wrongEpoch(address owner, uint32 epoch, uint32 stored)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            IEmergency.EmergencyWrongEpoch.selector, owner, epoch, stored
        );
    }

    function _order(address account) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IEmergency.EmergencySignerOrder.selector, account);
    }
}
