// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Directory} from "../../../contracts/Directory.sol";
import {Emergency} from "../../../contracts/Emergency.sol";
import {GrantRegistry} from "../../../contracts/GrantRegistry.sol";
import {IDirectory} from "../../../contracts/interfaces/IDirectory.sol";
import {IEmergency} from "../../../contracts/interfaces/IEmergency.sol";
import {IGrantRegistry} from "../../../contracts/interfaces/IGrantRegistry.sol";
import {GrantOpening, NoticeId} from "../../../contracts/types/Ids.sol";
import {
    BREAK_GLASS_TYPEHASH,
    GRANT_OPENING_TYPEHASH,
    REVIEW_TYPEHASH,
    WISH_TYPEHASH
} from "../../../contracts/types/TypeHashes.sol";
import {Chain} from "./Vm.sol";

/// @dev Owners who wish, revoke all and review; two clinicians of each of three organisations who
/// break their glasses with more or less right, beside a twin that says what must be accepted.
contract EmergencyHandler is Chain {
    struct Glass {
        uint256 owner;
        uint256 opening;
        bytes32 reason;
        uint32 epoch;
        uint256[] signers;
    }

    uint256 public constant OWNERS = 3;
    uint256 public constant OPENINGS = 4;
    uint32 public constant ORGANISATIONS = 3;
    uint256 public constant CLINICIANS = 6;
    uint40 public constant REVIEW_SECONDS = 2 days;

    Directory public immutable directory;
    GrantRegistry public immutable grants;
    Emergency public immutable emergency;

    mapping(uint256 owner => uint8 wish) public wishes;
    mapping(uint256 owner => uint64 version) public versions;
    /// @dev 0 while the owner's word is not open.
    mapping(uint256 owner => uint32 epoch) public epochs;
    mapping(uint256 clinician => bool isSuspended) public suspended;
    mapping(NoticeId notice => uint256 word) public notices;
    mapping(NoticeId notice => uint256 organisations) public parties;
    mapping(NoticeId notice => uint256 time) public dues;
    mapping(NoticeId notice => bytes32 outcome) public outcomes;
    uint256[] private _order;
    string public broken;
    uint256 public broke;

    constructor() {
        _know(0xA11CE, OWNERS);
        _know(0xAD0000, ORGANISATIONS + 1);
        _know(0xD0C000, CLINICIANS);
        uint32[] memory organisations = new uint32[](ORGANISATIONS);
        address[] memory admins = new address[](ORGANISATIONS);
        for (uint32 i = 0; i < ORGANISATIONS; ++i) {
            (organisations[i], admins[i]) = (i + 1, adminOf(i + 1));
        }
        directory = new Directory(organisations, admins, 2);
        grants = new GrantRegistry();
        emergency = new Emergency(directory, grants, 2, REVIEW_SECONDS);
        for (uint256 c = 0; c < CLINICIANS; ++c) {
            address account = _addr(keyOf(c));
            VM.prank(account);
            directory.setBindingEpoch(1);
            VM.prank(account);
            directory.consent(orgOf(c), 2, 1, FOREVER);
            VM.prank(adminOf(orgOf(c)));
            directory.enrol(account, 2);
            _order.push(c);
            for (uint256 i = _order.length - 1; i > 0; --i) {
                if (_addr(keyOf(_order[i])) > _addr(keyOf(_order[i - 1]))) break;
                (_order[i], _order[i - 1]) = (_order[i - 1], _order[i]);
            }
        }
    }

    function ownerOf(uint256 owner) public view returns (address) {
        return _addr(0xA11CE + owner);
    }

    function adminOf(uint32 organisation) public view returns (address) {
        return _addr(0xAD0000 + organisation);
    }

    function keyOf(uint256 clinician) public pure returns (uint256) {
        return 0xD0C000 + clinician;
    }

    function orgOf(uint256 clinician) public pure returns (uint32) {
        return uint32(1 + clinician % ORGANISATIONS);
    }

    function noticeOf(uint256 owner, uint256 opening) public view returns (NoticeId) {
        return NoticeId.wrap(keccak256(abi.encode(ownerOf(owner), hashOf(opening))));
    }

    function hashOf(uint256 opening) public view returns (bytes32) {
        return keccak256(abi.encode(GRANT_OPENING_TYPEHASH, openingOf(opening)));
    }

    /// @dev For clinician `n`; the last one is no emergency's.
    function openingOf(uint256 n) public view returns (GrantOpening memory opening) {
        opening.granteeKind = 1;
        opening.grantee = bytes32(uint256(uint160(_addr(keyOf(_order[n])))));
        opening.purposes = n == OPENINGS - 1 ? 1 : n % 2 == 0 ? 8 : 16;
        opening.notAfter = 1 hours;
        opening.salt = bytes32(n + 1);
    }

    function wish(uint256 who, uint8 what, uint8 step, bool bySig) external {
        uint256 o = who % OWNERS;
        what %= 5;
        uint64 version = versions[o] + (step % 3);
        bool accepted;
        if (bySig) {
            bytes32 message = keccak256(abi.encode(WISH_TYPEHASH, ownerOf(o), what, version));
            bytes memory sig = _sign(0xA11CE + o, emergency.domainSeparator(), message);
            (accepted,) = address(emergency)
                .call(abi.encodeCall(emergency.setWishBySig, (ownerOf(o), what, version, sig)));
        } else {
            VM.prank(ownerOf(o));
            (accepted,) =
                address(emergency).call(abi.encodeCall(emergency.setWish, (what, version)));
        }
        if (accepted != (step % 3 > 0 && what > 0 && what < 4)) broken = "wish";
        if (accepted) (wishes[o], versions[o]) = (what, version);
    }

    function revokeAll(uint256 who) external {
        uint256 o = who % OWNERS;
        uint32 epoch = epochs[o] == 0 ? 2 : epochs[o] + 1;
        VM.prank(ownerOf(o));
        grants.revokeAll(epoch);
        epochs[o] = epoch;
    }

    function suspend(uint256 which) external {
        uint256 c = which % CLINICIANS;
        VM.prank(adminOf(orgOf(c)));
        if (suspended[c]) directory.reinstate(_addr(keyOf(c)));
        else directory.suspend(_addr(keyOf(c)));
        suspended[c] = !suspended[c];
    }

    /// @dev `mask` chooses who signs, of six in ascending order; `flaw` what is wrong, mostly nothing.
    function breakGlass(uint256 who, uint256 what, uint8 mask, uint8 flaw) external {
        Glass memory glass;
        flaw %= 16;
        (glass.owner, glass.opening) = (who % OWNERS, what % OPENINGS);
        glass.reason = flaw == 1 ? bytes32(0) : keccak256("reason");
        glass.epoch = flaw == 2 ? epochs[glass.owner] + 1 : epochs[glass.owner];
        glass.signers = _choose(mask, flaw == 3);
        bytes[] memory signatures = _signatures(glass);
        if (flaw == 4 && signatures.length > 0) signatures[signatures.length - 1] = "";
        bool rightly = flaw != 4 && flaw != 3 && flaw != 1 && flaw != 2 && _isRight(glass);
        _examine(glass, signatures, rightly);
        NoticeId notice = noticeOf(glass.owner, glass.opening);
        (bool accepted,) = address(emergency)
            .call(
                abi.encodeCall(
                    emergency.breakGlass,
                    (ownerOf(glass.owner), hashOf(glass.opening), glass.reason, glass.epoch, signatures)
                )
            );
        if (accepted != (rightly && notices[notice] == 0)) broken = "breakGlass";
        if (accepted) _note(notice, glass);
    }

    function review(uint256 who, uint256 what, uint32 by, bytes32 outcome) external {
        NoticeId notice = noticeOf(who % OWNERS, what % OPENINGS);
        uint32 org = 1 + (by % ORGANISATIONS);
        VM.prank(adminOf(org));
        (bool accepted,) =
            address(emergency).call(abi.encodeCall(emergency.review, (notice, outcome)));
        bool expected = _isOpen(notice) && outcome != 0 && parties[notice] & (1 << org) == 0;
        if (accepted != expected) broken = "review";
        if (accepted) outcomes[notice] = outcome;
    }

    function reviewOwn(uint256 who, uint256 what, bytes32 outcome, bool bySig) external {
        (uint256 o, uint256 n) = (who % OWNERS, what % OPENINGS);
        NoticeId notice = noticeOf(o, n);
        bool accepted;
        if (bySig) {
            bytes32 message =
                keccak256(abi.encode(REVIEW_TYPEHASH, ownerOf(o), hashOf(n), outcome));
            bytes memory sig = _sign(0xA11CE + o, emergency.domainSeparator(), message);
            (accepted,) = address(emergency)
                .call(
                    abi.encodeCall(emergency.reviewOwnBySig, (ownerOf(o), hashOf(n), outcome, sig))
                );
        } else {
            VM.prank(ownerOf(o));
            (accepted,) = address(emergency)
                .call(abi.encodeCall(emergency.reviewOwn, (hashOf(n), outcome)));
        }
        if (accepted != (_isOpen(notice) && outcome != 0)) broken = "reviewOwn";
        if (accepted) outcomes[notice] = outcome;
    }

    function pass(uint16 secs) external {
        VM.warp(block.timestamp + secs);
    }

    function _isOpen(NoticeId notice) private view returns (bool) {
        return notices[notice] != 0 && outcomes[notice] == 0;
    }

    function _isRight(Glass memory glass) private view returns (bool) {
        uint8 wished = wishes[glass.owner];
        if (epochs[glass.owner] == 0 || wished == 0 || wished == 3) return false;
        if (glass.signers.length < 2 || glass.signers.length > 5) return false;
        for (uint256 i = 0; i < glass.signers.length; ++i) {
            if (suspended[glass.signers[i]]) return false;
        }
        return true;
    }

    function _note(NoticeId notice, Glass memory glass) private {
        ++broke;
        notices[notice] = emergency.noticeWord(notice);
        dues[notice] = block.timestamp + REVIEW_SECONDS;
        for (uint256 i = 0; i < glass.signers.length; ++i) {
            parties[notice] |= 1 << orgOf(glass.signers[i]);
        }
        if (uint32(notices[notice] >> 8) != epochs[glass.owner]) broken = "epoch of a notice";
    }

    /// @dev The view agrees with the transaction, and asks for the requester and the terms besides.
    function _examine(Glass memory glass, bytes[] memory signatures, bool rightly) private {
        GrantOpening memory opening = openingOf(glass.opening);
        bool asked = false;
        for (uint256 i = 0; i < glass.signers.length; ++i) {
            if (glass.signers[i] == _order[glass.opening]) asked = true;
        }
        try emergency.examine(
            ownerOf(glass.owner), opening, glass.reason, glass.epoch, signatures
        ) returns (address[] memory signers) {
            if (!rightly || !asked || glass.opening == OPENINGS - 1) broken = "examine allowed";
            if (signers.length != glass.signers.length) broken = "examine's signers";
        } catch {
            if (rightly && asked && glass.opening != OPENINGS - 1) broken = "examine refused";
        }
    }

    function _choose(uint8 mask, bool twice) private view returns (uint256[] memory chosen) {
        uint256 count = twice ? 1 : 0;
        for (uint256 i = 0; i < CLINICIANS; ++i) count += (mask >> i) & 1;
        chosen = new uint256[](count);
        uint256 next = 0;
        for (uint256 i = 0; i < CLINICIANS; ++i) {
            if ((mask >> i) & 1 == 1) chosen[next++] = _order[i];
        }
        if (twice) chosen[next] = next == 0 ? _order[0] : chosen[next - 1];
    }

    function _signatures(Glass memory glass) private view returns (bytes[] memory signatures) {
        bytes32 message = keccak256(
            abi.encode(
                BREAK_GLASS_TYPEHASH,
                ownerOf(glass.owner),
                hashOf(glass.opening),
                glass.reason,
                glass.epoch
            )
        );
        signatures = new bytes[](glass.signers.length);
        for (uint256 i = 0; i < signatures.length; ++i) {
            signatures[i] = _sign(keyOf(glass.signers[i]), emergency.domainSeparator(), message);
        }
    }
}

/// @title Emergencies under any sequence of wishes, broken glasses and reviews.
contract EmergencyTest is Chain {
    EmergencyHandler private _handler;
    Emergency private _emergency;

    function setUp() external {
        _handler = new EmergencyHandler();
        _emergency = _handler.emergency();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_wishesAreTheOwners() external view {
        require(bytes(_handler.broken()).length == 0, _handler.broken());
        for (uint256 o = 0; o < _handler.OWNERS(); ++o) {
            uint256 word = _word(
                address(_emergency), bytes32(uint256(uint160(_handler.ownerOf(o)))), 0
            );
            require(word == _emergency.wishWord(_handler.ownerOf(o)), "slot");
            require(uint8(word) == _handler.wishes(o), "wish");
            require(uint64(word >> 8) == _handler.versions(o), "version");
            require(word >> 112 == 0, "unused bits");
        }
        require(_emergency.wishWord(address(0)) == 0, "wish of nobody");
    }

    /// @dev A notice never changes, is always flagged, has one review, and that one end.
    function invariant_noticesStayAndReviewsEndOnce() external view {
        for (uint256 o = 0; o < _handler.OWNERS(); ++o) {
            for (uint256 n = 0; n < _handler.OPENINGS(); ++n) _compare(_handler.noticeOf(o, n));
        }
    }

    function _compare(NoticeId notice) private view {
        uint256 word = _word(address(_emergency), NoticeId.unwrap(notice), 1);
        require(word == _handler.notices(notice), "a notice changed");
        require(word == 0 || uint8(word >> 144) == 1, "no flag");
        require(word == 0 || (uint8(word) == 1 && uint64(word >> 40) == 1), "status, version");
        require(word >> 200 == 0, "unused bits");
        uint256 review = _emergency.reviewWord(notice);
        bytes32 outcome = _handler.outcomes(notice);
        require(_emergency.outcomeOf(notice) == outcome, "outcome");
        require(uint8(review) == (word == 0 ? 0 : outcome == 0 ? 1 : 2), "status of a review");
        require(uint40(review >> 48) == _handler.dues(notice), "dueAt");
        require(review >> 248 == 0, "unused bits of a review");
        bool late = word != 0 && outcome == 0 && block.timestamp > _handler.dues(notice);
        require(_emergency.overdue(notice) == late, "overdue");
    }

    /// @dev So that the invariants are not about nothing.
    function test_aGlassCanBeBroken() external {
        _handler.revokeAll(0);
        _handler.wish(0, 2, 1, true);
        _handler.breakGlass(0, 0, 7, 0);
        require(_handler.broke() == 1, "not broken");
        this.invariant_noticesStayAndReviewsEndOnce();
        _handler.reviewOwn(0, 0, bytes32(0), false);
        _handler.reviewOwn(0, 0, keccak256("outcome"), true);
        require(bytes(_handler.broken()).length == 0, _handler.broken());
        NoticeId notice = _emergency.noticeIdOf(_handler.ownerOf(0), _handler.hashOf(0));
        require(_handler.outcomes(notice) != 0, "not reviewed");
        bytes32 key = _emergency.reviewKeyOf(notice);
        require(_word(address(_emergency), key, 2) == _emergency.reviewWord(notice), "slot");
        this.invariant_noticesStayAndReviewsEndOnce();
        this.invariant_wishesAreTheOwners();
    }

    function testFuzz_onlyFittingOpeningsPass(
        uint8 kind,
        uint32 purposes,
        uint64 from,
        uint32 span
    ) external {
        _handler.revokeAll(0);
        _handler.wish(0, 1, 1, false);
        GrantOpening memory opening = _handler.openingOf(0);
        (opening.granteeKind, opening.purposes) = (kind % 3, purposes % 33);
        opening.notBefore = from % (1 << 53);
        opening.notAfter = opening.notBefore + span % 100_000;
        bool fits = opening.granteeKind == 1 && (opening.purposes == 8 || opening.purposes == 16)
            && span % 100_000 >= 3_600 && span % 100_000 <= 86_400;
        bytes[] memory none = new bytes[](0);
        try _emergency.examine(_handler.ownerOf(0), opening, keccak256("r"), 2, none) {
            revert("nobody signed");
        } catch (bytes memory reason) {
            bytes4 wanted = fits
                ? IEmergency.EmergencySignerCount.selector
                : IEmergency.EmergencyBadOpening.selector;
            require(bytes4(reason) == wanted, "another reason");
        }
    }

    function testFuzz_deploysWithFittingSettingsOnly(uint8 quorum, uint40 secs, bool none) external {
        (quorum, secs) = (quorum % 8, secs % 10_000_000);
        address directory = none ? address(0) : address(_handler.directory());
        bool fits = !none && quorum >= 2 && quorum <= 5 && secs >= 1 hours && secs <= 90 days;
        try new Emergency(
            IDirectory(directory), IGrantRegistry(address(_handler.grants())), quorum, secs
        ) returns (Emergency made) {
            require(fits, "made");
            require(made.directory() == directory, "directory");
            require(made.grants() == address(_handler.grants()), "grants");
            (uint8 asked, uint40 time) = made.settings();
            require(asked == quorum && time == secs, "settings");
        } catch {
            require(!fits, "refused");
        }
    }
}
