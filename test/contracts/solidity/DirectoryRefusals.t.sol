// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Directory} from "../../../contracts/Directory.sol";
import {IDirectory} from "../../../contracts/interfaces/IDirectory.sol";
import {ITypedMessages} from "../../../contracts/interfaces/ITypedMessages.sol";
import {GroupId, Proposal} from "../../../contracts/types/Ids.sol";
import {BINDING_EPOCH_TYPEHASH, MEMBERSHIP_TYPEHASH} from "../../../contracts/types/TypeHashes.sol";
import {Chain} from "./Vm.sol";

/// @title What the Directory refuses, by the name of each error, and what it then shows.
/// @dev Three organisations of which two carry a vote, and a clinician who attests in the first.
contract DirectoryRefusalsTest is Chain {
    uint256 private constant MEMBER_KEY = 0x3E3;
    uint256 private constant NEWCOMER_KEY = 0x4E3;
    uint256 private constant NOW = 1_000;
    uint256 private constant DONE = type(uint256).max;
    bytes32 private constant SALT = keccak256("ward 7");

    uint8 private constant ADMIT = 1;
    uint8 private constant SUSPEND = 2;
    uint8 private constant REINSTATE = 3;
    uint8 private constant REMOVE = 4;
    uint8 private constant APPOINT = 5;
    uint8 private constant SUSPEND_ACCOUNT = 6;
    uint16 private constant CLINICIAN = 2;
    uint16 private constant ATTESTER = 4;
    uint16 private constant ADMIN = 16;

    Directory private _directory;
    address private _member;
    address private _newcomer;

    function setUp() external {
        VM.warp(NOW);
        (uint32[] memory organisations, address[] memory admins) = _founders(3);
        _directory = new Directory(organisations, admins, 2);
        (_member, _newcomer) = (_addr(MEMBER_KEY), _addr(NEWCOMER_KEY));
        _accepts(_member, abi.encodeCall(_directory.setBindingEpoch, (1)));
        _join(_member, 1, CLINICIAN | ATTESTER);
    }

    function test_foundersAreListsOfOneLengthThatRepeatNothing() external {
        (uint32[] memory none, address[] memory nobody) = _founders(0);
        _refusesFounders(none, nobody, 1, _badFounders(0, 0));
        (uint32[] memory organisations, address[] memory admins) = _founders(65);
        _refusesFounders(organisations, admins, 33, _badFounders(65, 65));
        (organisations, admins) = _founders(3);
        _refusesFounders(organisations, nobody, 2, _badFounders(3, 0));
        _refusesFounders(none, admins, 2, _badFounders(0, 3));
        organisations[2] = 2;
        _refusesFounders(organisations, admins, 2, _badFounders(3, 3));
        organisations[2] = 1;
        _refusesFounders(organisations, admins, 2, _badFounders(3, 3));
        (organisations[2], admins[2]) = (3, admins[0]);
        _refusesFounders(organisations, admins, 2, _badFounders(3, 3));
    }

    function test_zeroFoundsNothing() external {
        bytes memory zero = abi.encodeWithSelector(IDirectory.DirectoryZeroId.selector);
        (uint32[] memory organisations, address[] memory admins) = _founders(2);
        organisations[0] = 0;
        _refusesFounders(organisations, admins, 2, zero);
        (organisations[0], admins[1]) = (1, address(0));
        _refusesFounders(organisations, admins, 2, zero);
    }

    function test_64FoundersMayStart() external {
        (uint32[] memory organisations, address[] memory admins) = _founders(64);
        Directory founded = new Directory(organisations, admins, 33);
        (uint32 number, uint32 voters, uint32 quorum) = founded.voterSet();
        require(number == 1 && voters == 64 && quorum == 33, "voters");
        (uint256 word, uint256 organisation) = founded.standing(admins[63]);
        require(word == _account(1, 1, 64, ADMIN), "admin");
        require(organisation == _standing(1), "organisation");
    }

    function testFuzz_theQuorumIsAMajorityAndNoMoreThanThereAre(uint32 quorum, uint8 count)
        external
    {
        count = 1 + count % 8;
        quorum %= 10;
        (uint32[] memory organisations, address[] memory admins) = _founders(count);
        if (quorum <= count && quorum * 2 > count) {
            new Directory(organisations, admins, quorum);
        } else {
            _refusesFounders(organisations, admins, quorum, _badQuorum(quorum, count));
        }
    }

    function test_aBindingEpochOnlyGrows() external {
        for (uint32 epoch = 0; epoch < 2; ++epoch) {
            _refuses(
                _member,
                abi.encodeCall(_directory.setBindingEpoch, (epoch)),
                abi.encodeWithSelector(
                    IDirectory.DirectoryStaleBindingEpoch.selector, _member, epoch, uint32(1)
                )
            );
        }
        _accepts(_member, abi.encodeCall(_directory.setBindingEpoch, (9)));
        uint256 expected = _account(1, 9, 1, CLINICIAN | ATTESTER);
        require(_directory.accountWord(_member) == expected, "word");
    }

    /// @dev A stolen laptop cannot wait for an admin; and what was suspended stays so.
    function test_aSuspendedAccountBindsAnew() external {
        _accepts(_admin(1), abi.encodeCall(_directory.suspend, (_member)));
        bytes32 message = keccak256(abi.encode(BINDING_EPOCH_TYPEHASH, _member, uint32(2)));
        bytes memory sig = _sign(MEMBER_KEY, _directory.domainSeparator(), message);
        _directory.setBindingEpochBySig(_member, 2, sig);
        uint256 expected = _account(2, 2, 1, CLINICIAN | ATTESTER);
        require(_directory.accountWord(_member) == expected, "word");
    }

    function test_nobodySignsForAnotherAccount() external {
        bytes32 message = keccak256(abi.encode(BINDING_EPOCH_TYPEHASH, _member, uint32(2)));
        bytes memory sig = _sign(NEWCOMER_KEY, _directory.domainSeparator(), message);
        bytes memory bad =
            abi.encodeWithSelector(ITypedMessages.TypedMessagesBadSignature.selector, _member);
        _refuses(
            _newcomer, abi.encodeCall(_directory.setBindingEpochBySig, (_member, 2, sig)), bad
        );
        sig = _membership(NEWCOMER_KEY, _member, 0, 0, 2);
        _refuses(
            _newcomer,
            abi.encodeCall(_directory.consentBySig, (_member, 0, 0, 2, FOREVER, sig)),
            bad
        );
        sig = _membership(NEWCOMER_KEY, _member, 2, 0, 2);
        _refuses(
            _admin(2),
            abi.encodeCall(_directory.enrolBySig, (_member, 0, 2, FOREVER, sig)),
            bad
        );
    }

    function test_aConsentIsRefusedByName() external {
        _refuses(
            _member,
            abi.encodeCall(_directory.consent, (2, 0, 2, uint64(NOW - 1))),
            abi.encodeWithSelector(ITypedMessages.TypedMessagesExpired.selector, NOW - 1, NOW)
        );
        _refuses(_member, _consent(2, 64, 2), _badRoles(64, 63));
        _refuses(_member, _consent(0, 1, 2), _badRoles(1, 0));
        _refuses(_newcomer, _consent(1, 0, 1), _notOpen(_newcomer));
        for (uint32 version = 0; version < 4; ++version) {
            if (version == 2) continue;
            _refuses(
                _member,
                _consent(2, 0, version),
                abi.encodeWithSelector(
                    IDirectory.DirectoryStaleConsent.selector, _member, version, uint32(1)
                )
            );
        }
        _accepts(_member, abi.encodeCall(_directory.consent, (2, 63, 2, uint64(NOW))));
        require(_directory.consentWord(_member) == _given(2, 63, 2), "the last second");
    }

    function test_aSuspendedAccountNeitherConsentsNorIsTakenIn() external {
        _accepts(_member, _consent(2, 0, 2));
        _accepts(_admin(1), abi.encodeCall(_directory.suspend, (_member)));
        _refuses(_member, _consent(0, 0, 3), _notOpen(_member));
        _refuses(
            _admin(2), abi.encodeCall(_directory.enrol, (_member, 0)), _notOpen(_member)
        );
    }

    /// @dev Both halves must say the same: whose organisation, which roles, and only once.
    function test_nobodyIsTakenInWithoutConsent() external {
        _refusesEnrolment(2, _member, 0);
        _accepts(_member, _consent(2, CLINICIAN, 2));
        _refusesEnrolment(3, _member, CLINICIAN);
        _refusesEnrolment(2, _member, CLINICIAN | ADMIN);
        _refusesEnrolment(2, _member, 0);
        _accepts(_admin(2), abi.encodeCall(_directory.enrol, (_member, CLINICIAN)));
        require(_directory.accountWord(_member) == _account(1, 1, 2, CLINICIAN), "word");
        require(_directory.consentWord(_member) == _given(0, 0, 2), "not used up");
        _refusesEnrolment(2, _member, CLINICIAN);
    }

    function test_aSignedConsentCanBeBroughtByTheAdminOrByAnyone() external {
        bytes memory sig = _membership(MEMBER_KEY, _member, 2, ATTESTER, 2);
        bytes memory data =
            abi.encodeCall(_directory.enrolBySig, (_member, ATTESTER, 2, FOREVER, sig));
        _refuses(_newcomer, data, _notAdmin(_newcomer));
        _accepts(_admin(2), data);
        require(_directory.accountWord(_member) == _account(1, 1, 2, ATTESTER), "taken in");
        sig = _membership(MEMBER_KEY, _member, 0, 0, 3);
        _directory.consentBySig(_member, 0, 0, 3, FOREVER, sig);
        require(_directory.accountWord(_member) == _account(1, 1, 0, 0), "left");
    }

    /// @dev No account, no admin, a suspended admin, and the admin of a suspended organisation.
    function test_onlyAdminsOfActiveOrganisationsAct() external {
        _join(_member, 1, CLINICIAN | ADMIN);
        _accepts(_admin(1), abi.encodeCall(_directory.suspend, (_member)));
        _carry(Proposal(1, SUSPEND, 3, address(0), 2, FOREVER));
        _accepts(_newcomer, abi.encodeCall(_directory.setBindingEpoch, (1)));
        _join(_newcomer, 1, 63 - ADMIN);
        address[4] memory callers = [address(0xBAD), _newcomer, _member, _admin(3)];
        for (uint256 i = 0; i < 4; ++i) {
            _refusesNotAdmin(callers[i]);
        }
    }

    function test_noAdminReachesAnotherOrganisation() external {
        bytes[4] memory acts = [
            abi.encodeCall(_directory.restrict, (_member, 0)),
            abi.encodeCall(_directory.dismiss, (_member)),
            abi.encodeCall(_directory.suspend, (_member)),
            abi.encodeCall(_directory.reinstate, (_member))
        ];
        for (uint256 i = 0; i < 4; ++i) {
            _refuses(
                _admin(2),
                acts[i],
                abi.encodeWithSelector(
                    IDirectory.DirectoryOtherOrganisation.selector, _member, uint32(2), uint32(1)
                )
            );
        }
    }

    function test_anAdminTakesRolesAndGivesNone() external {
        _refuses(
            _admin(1),
            abi.encodeCall(_directory.restrict, (_member, CLINICIAN | ADMIN)),
            _badRoles(CLINICIAN | ADMIN, CLINICIAN | ATTESTER)
        );
        _accepts(_admin(1), abi.encodeCall(_directory.restrict, (_member, ATTESTER)));
        require(_directory.accountWord(_member) == _account(1, 1, 1, ATTESTER), "word");
        _refuses(
            _admin(1),
            abi.encodeCall(_directory.restrict, (_member, CLINICIAN)),
            _badRoles(CLINICIAN, ATTESTER)
        );
    }

    /// @dev Who could dismiss a suspended account would open it for the next organisation.
    function test_aSuspensionIsEndedByReinstatementAlone() external {
        bytes memory reinstate = abi.encodeCall(_directory.reinstate, (_member));
        _refuses(
            _admin(1),
            reinstate,
            abi.encodeWithSelector(
                IDirectory.DirectoryNotSuspended.selector,
                _member,
                _directory.accountWord(_member)
            )
        );
        bytes memory suspend = abi.encodeCall(_directory.suspend, (_member));
        _accepts(_admin(1), suspend);
        _refuses(_admin(1), suspend, _notOpen(_member));
        _refuses(
            _admin(1), abi.encodeCall(_directory.dismiss, (_member)), _notOpen(_member)
        );
        _accepts(_admin(1), reinstate);
        uint256 expected = _account(1, 1, 1, CLINICIAN | ATTESTER);
        require(_directory.accountWord(_member) == expected, "reinstated");
        _accepts(_admin(1), abi.encodeCall(_directory.dismiss, (_member)));
        require(_directory.accountWord(_member) == _account(1, 1, 0, 0), "dismissed");
    }

    function test_aGroupTakesNoZeroAndNothingTwice() external {
        bytes memory zero = abi.encodeWithSelector(IDirectory.DirectoryZeroId.selector);
        _refuses(_admin(1), _setGroup(0, _member, true), zero);
        _refuses(_admin(1), _setGroup(SALT, address(0), true), zero);
        GroupId group = _directory.groupIdOf(1, SALT);
        bytes32 key = _directory.memberKeyOf(group, _member);
        _refuses(_admin(1), _setGroup(SALT, _member, false), _unchanged(key, 0));
        _accepts(_admin(1), _setGroup(SALT, _member, true));
        require(_directory.memberWord(group, _member) == _standing(1), "put in");
        require(_word(address(_directory), key, 2) == _standing(1), "slot");
        _refuses(_admin(1), _setGroup(SALT, _member, true), _unchanged(key, _standing(1)));
        _accepts(_admin(1), _setGroup(SALT, _member, false));
        require(_directory.memberWord(group, _member) == 0, "taken out");
    }

    function test_anyoneClearsTheGroupsOfARemovedOrganisationAndNoOthers() external {
        _accepts(_admin(3), _setGroup(SALT, _member, true));
        bytes memory clear = abi.encodeCall(_directory.clearGroupMember, (3, SALT, _member));
        _refuses(
            _newcomer,
            clear,
            abi.encodeWithSelector(IDirectory.DirectoryNotRemoved.selector, uint32(3))
        );
        _carry(Proposal(1, REMOVE, 3, address(0), 2, FOREVER));
        require(_directory.removed(3) && !_directory.removed(2), "removed");
        _accepts(_newcomer, clear);
        GroupId group = _directory.groupIdOf(3, SALT);
        require(_directory.memberWord(group, _member) == 0, "not cleared");
        _refuses(_newcomer, clear, _unchanged(_directory.memberKeyOf(group, _member), 0));
    }

    /// @dev Each organisation once, in time, for the voter set that is, until it is carried.
    function test_aVoteIsRefusedByName() external {
        Proposal memory proposal = Proposal(1, SUSPEND, 3, address(0), 2, uint64(NOW));
        bytes32 id = _directory.proposalIdOf(proposal);
        _accepts(_admin(1), _ballot(proposal));
        require(_directory.votes(id) == 1, "votes");
        require(_directory.voted(id, 1) && !_directory.voted(id, 2), "voted");
        _refuses(
            _admin(1),
            _ballot(proposal),
            abi.encodeWithSelector(IDirectory.DirectoryAlreadyVoted.selector, id, uint32(1))
        );
        VM.warp(NOW + 1);
        _refuses(
            _admin(2),
            _ballot(proposal),
            abi.encodeWithSelector(ITypedMessages.TypedMessagesExpired.selector, NOW, NOW + 1)
        );
        proposal.deadline = FOREVER;
        proposal.voterSet = 0;
        _refuses(_admin(1), _ballot(proposal), _wrongVoterSet(0, 1));
        proposal.voterSet = 2;
        _refuses(_admin(1), _ballot(proposal), _wrongVoterSet(2, 1));
        proposal.voterSet = 1;
        _carry(proposal);
        _refuses(_admin(1), _ballot(proposal), _wrongVoterSet(1, 2));
        require(_directory.organisationWord(3) == _standingSince(2, NOW + 1), "suspended");
    }

    /// @dev Suspending an account changes no voter, so the set's number does not hide it.
    function test_aProposalIsCarriedOutOnce() external {
        Proposal memory proposal = Proposal(1, SUSPEND_ACCOUNT, 1, _member, 2, FOREVER);
        _carry(proposal);
        uint256 expected = _account(2, 1, 1, CLINICIAN | ATTESTER);
        require(_directory.accountWord(_member) == expected, "suspended");
        (uint32 number,,) = _directory.voterSet();
        require(number == 1, "another voter set");
        bytes32 id = _directory.proposalIdOf(proposal);
        require(_directory.votes(id) == DONE, "done");
        _refuses(
            _admin(3),
            _ballot(proposal),
            abi.encodeWithSelector(IDirectory.DirectoryAlreadyDone.selector, id)
        );
        proposal.deadline -= 1;
        _refusesCarrying(proposal, _notOpen(_member));
    }

    /// @dev One wrong thing a case; of four, 2 is suspended and 3 removed; 5 was never admitted.
    function test_aProposalFitsTheOrganisationItNames() external {
        (uint32[] memory organisations, address[] memory admins) = _founders(4);
        _directory = new Directory(organisations, admins, 3);
        _carry(Proposal(1, SUSPEND, 2, address(0), 2, FOREVER));
        _carry(Proposal(2, REMOVE, 3, address(0), 2, FOREVER));
        address none = address(0);
        address some = _newcomer;
        _misfits(ADMIT, [uint32(0), 1, 2, 3, 5], [some, some, some, some, none]);
        _misfits(SUSPEND, [uint32(0), 2, 3, 5, 1], [none, none, none, none, some]);
        _misfits(REINSTATE, [uint32(0), 1, 3, 5, 2], [none, none, none, none, some]);
        _misfits(REMOVE, [uint32(0), 3, 5, 1, 2], [none, none, none, some, some]);
        _misfits(APPOINT, [uint32(0), 3, 5, 1, 2], [some, some, some, none, none]);
        _misfits(
            SUSPEND_ACCOUNT, [uint32(0), 1, 1, 2, 5], [some, none, some, _admin(1), some]
        );
        // No kinds, though the account is the organisation's, or none is named.
        _misfits(0, [uint32(0), 1, 2, 1, 5], [none, none, none, _admin(1), some]);
        _misfits(7, [uint32(0), 1, 2, 1, 5], [none, none, none, _admin(1), some]);
    }

    function test_aProposalLeavesAMajorityForQuorum() external {
        for (uint32 quorum = 0; quorum < 5; ++quorum) {
            Proposal memory proposal = Proposal(1, SUSPEND, 3, address(0), quorum, FOREVER);
            if (quorum != 2) _refusesCarrying(proposal, _badQuorum(quorum, 2));
        }
        _carry(Proposal(1, SUSPEND_ACCOUNT, 1, _member, 3, FOREVER));
        (uint32 number, uint32 voters, uint32 needed) = _directory.voterSet();
        require(number == 2 && voters == 3 && needed == 3, "voter set");
    }

    function test_organisationsComeAndGoByVote() external {
        _accepts(_newcomer, abi.encodeCall(_directory.setBindingEpoch, (1)));
        _accepts(_newcomer, _consent(4, ADMIN | CLINICIAN, 1));
        _carry(Proposal(1, ADMIT, 4, _newcomer, 3, FOREVER));
        _requireVoters(2, 4, 3);
        (uint256 word, uint256 organisation) = _directory.standing(_newcomer);
        require(word == _account(1, 1, 4, ADMIN | CLINICIAN), "first admin");
        require(organisation == _standing(1), "admitted");
        require(_word(address(_directory), bytes32(uint256(4)), 1) == _standing(1), "slot");
        _carry(Proposal(2, SUSPEND, 4, address(0), 2, FOREVER));
        _requireVoters(3, 3, 2);
        require(_directory.organisationWord(4) == _standing(2), "suspended");
        _carry(Proposal(3, REINSTATE, 4, address(0), 3, FOREVER));
        _requireVoters(4, 4, 3);
        _carry(Proposal(4, SUSPEND, 4, address(0), 2, FOREVER));
        // A suspended one is no voter, so its removal takes none away.
        _carry(Proposal(5, REMOVE, 4, address(0), 2, FOREVER));
        _requireVoters(5, 3, 2);
        require(_directory.organisationWord(4) == 0 && _directory.removed(4), "removed");
        _carry(Proposal(5, REMOVE, 3, address(0), 2, FOREVER));
        _requireVoters(6, 2, 2);
    }

    /// @dev An admin by vote consented to be one; no vote adds the role to another consent.
    function test_nobodyIsAppointedUnasked() external {
        _refusesAppointment(1);
        _accepts(_member, _consent(2, CLINICIAN, 2));
        _refusesAppointment(2);
        _accepts(_member, _consent(1, CLINICIAN | ADMIN, 3));
        _refusesAppointment(3);
        _accepts(_member, _consent(2, CLINICIAN | ADMIN, 4));
        _carry(Proposal(1, APPOINT, 2, _member, 2, FOREVER));
        require(_directory.accountWord(_member) == _account(1, 1, 2, CLINICIAN | ADMIN), "word");
    }

    function testFuzz_keysAreHashesOfWhatTheyName(
        Proposal calldata proposal,
        bytes32 salt,
        address account
    ) external view {
        bytes32 group = keccak256(abi.encode(proposal.organisation, salt));
        GroupId found = _directory.groupIdOf(proposal.organisation, salt);
        require(GroupId.unwrap(found) == group, "group");
        bytes32 member = keccak256(abi.encode(group, account));
        require(_directory.memberKeyOf(found, account) == member, "member");
        require(_directory.consentKeyOf(account) == keccak256(abi.encode(account)), "consent");
        bytes32 id = keccak256(
            abi.encode(
                proposal.voterSet,
                proposal.kind,
                proposal.organisation,
                proposal.account,
                proposal.quorum,
                proposal.deadline
            )
        );
        require(_directory.proposalIdOf(proposal) == id, "proposal");
    }

    function _founders(uint256 count)
        private
        pure
        returns (uint32[] memory organisations, address[] memory admins)
    {
        (organisations, admins) = (new uint32[](count), new address[](count));
        for (uint32 i = 0; i < count; ++i) {
            (organisations[i], admins[i]) = (i + 1, _admin(i + 1));
        }
    }

    /// @dev These sign nothing, so they need no key.
    function _admin(uint32 organisation) private pure returns (address) {
        return address(uint160(0xAD0000) + organisation);
    }

    function _join(address account, uint32 organisation, uint16 roles) private {
        uint32 version = uint32(_directory.consentWord(account) >> 48) + 1;
        _accepts(account, _consent(organisation, roles, version));
        _accepts(_admin(organisation), abi.encodeCall(_directory.enrol, (account, roles)));
    }

    /// @dev By as many of the first voters as it takes.
    function _carry(Proposal memory proposal) private {
        (,, uint32 quorum) = _directory.voterSet();
        uint32 organisation = 0;
        for (uint32 votes = 0; votes < quorum; ++organisation) {
            if (uint8(_directory.organisationWord(organisation)) != 1) continue;
            _accepts(_admin(organisation), _ballot(proposal));
            ++votes;
        }
        require(_directory.votes(_directory.proposalIdOf(proposal)) == DONE, "not carried");
    }

    /// @dev At the vote that would carry it, which then was not cast. Two votes carry; where the
    /// second organisation is suspended there is a fourth.
    function _refusesCarrying(Proposal memory proposal, bytes memory expected) private {
        bytes32 id = _directory.proposalIdOf(proposal);
        _accepts(_admin(1), _ballot(proposal));
        uint32 last = uint8(_directory.organisationWord(2)) == 1 ? 2 : 4;
        _refuses(_admin(last), _ballot(proposal), expected);
        require(_directory.votes(id) == 1 && !_directory.voted(id, last), "half a vote");
    }

    function _misfits(uint8 kind, uint32[5] memory organisations, address[5] memory accounts)
        private
    {
        (uint32 number,, uint32 quorum) = _directory.voterSet();
        for (uint256 i = 0; i < 5; ++i) {
            (uint32 organisation, address account) = (organisations[i], accounts[i]);
            _refusesCarrying(
                Proposal(number, kind, organisation, account, quorum, FOREVER),
                abi.encodeWithSelector(
                    IDirectory.DirectoryBadProposal.selector,
                    kind,
                    organisation,
                    account,
                    _directory.organisationWord(organisation)
                )
            );
        }
    }

    function _refusesAppointment(uint64 nonce) private {
        uint256 given = _directory.consentWord(_member);
        uint16 roles = uint16(given >> 32) | ADMIN;
        _refusesCarrying(
            Proposal(1, APPOINT, 2, _member, 2, FOREVER - nonce),
            abi.encodeWithSelector(
                IDirectory.DirectoryNoConsent.selector, _member, uint32(2), roles, given
            )
        );
    }

    function _refusesEnrolment(uint32 organisation, address account, uint16 roles) private {
        _refuses(
            _admin(organisation),
            abi.encodeCall(_directory.enrol, (account, roles)),
            abi.encodeWithSelector(
                IDirectory.DirectoryNoConsent.selector,
                account,
                organisation,
                roles,
                _directory.consentWord(account)
            )
        );
    }

    function _refusesNotAdmin(address caller) private {
        bytes[7] memory acts = [
            abi.encodeCall(_directory.enrol, (_newcomer, 0)),
            abi.encodeCall(_directory.restrict, (_newcomer, 0)),
            abi.encodeCall(_directory.dismiss, (_newcomer)),
            abi.encodeCall(_directory.suspend, (_newcomer)),
            abi.encodeCall(_directory.reinstate, (_member)),
            _setGroup(SALT, _newcomer, true),
            _ballot(Proposal(2, SUSPEND, 2, address(0), 1, FOREVER))
        ];
        for (uint256 i = 0; i < 7; ++i) {
            _refuses(caller, acts[i], _notAdmin(caller));
        }
    }

    function _refusesFounders(
        uint32[] memory organisations,
        address[] memory admins,
        uint32 quorum,
        bytes memory expected
    ) private {
        try new Directory(organisations, admins, quorum) {
            revert("founded");
        } catch (bytes memory reason) {
            require(keccak256(reason) == keccak256(expected), "another reason");
        }
    }

    function _accepts(address sender, bytes memory data) private {
        VM.prank(sender);
        (bool accepted,) = address(_directory).call(data);
        require(accepted, "refused");
    }

    /// @dev By the error and all that it says.
    function _refuses(address sender, bytes memory data, bytes memory expected) private {
        VM.prank(sender);
        (bool accepted, bytes memory reason) = address(_directory).call(data);
        require(!accepted && keccak256(reason) == keccak256(expected), "another reason");
    }

    function _requireVoters(uint32 number, uint32 voters, uint32 quorum) private view {
        (uint32 isNumber, uint32 areVoters, uint32 isQuorum) = _directory.voterSet();
        require(isNumber == number && areVoters == voters && isQuorum == quorum, "voter set");
    }

    function _membership(
        uint256 key,
        address account,
        uint32 organisation,
        uint16 roles,
        uint32 version
    ) private view returns (bytes memory) {
        bytes32 message = keccak256(
            abi.encode(MEMBERSHIP_TYPEHASH, account, organisation, roles, version, FOREVER)
        );
        return _sign(key, _directory.domainSeparator(), message);
    }

    function _notOpen(address account) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IDirectory.DirectoryNotOpen.selector, account, _directory.accountWord(account)
        );
    }

    function _notAdmin(address account) private view returns (bytes memory) {
        (uint256 word, uint256 organisation) = _directory.standing(account);
        return abi.encodeWithSelector(
            IDirectory.DirectoryNotAdmin.selector, account, word, organisation
        );
    }

    function _consent(uint32 organisation, uint16 roles, uint32 version)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(_directory.consent, (organisation, roles, version, FOREVER));
    }

    function _setGroup(bytes32 salt, address account, bool member)
        private
        view
        returns (bytes memory)
    {
        return abi.encodeCall(_directory.setGroupMember, (salt, account, member));
    }

    function _ballot(Proposal memory proposal) private view returns (bytes memory) {
        return abi.encodeCall(_directory.vote, (proposal));
    }

    function _badFounders(uint256 organisations, uint256 admins)
        private
        pure
        returns (bytes memory)
    {
        return abi.encodeWithSelector(
            IDirectory.DirectoryBadFounders.selector, organisations, admins
        );
    }

    function _badQuorum(uint32 quorum, uint32 voters) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IDirectory.DirectoryBadQuorum.selector, quorum, voters);
    }

    function _badRoles(uint16 roles, uint16 allowed) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IDirectory.DirectoryBadRoles.selector, roles, allowed);
    }

    function _unchanged(bytes32 key, uint256 word) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IDirectory.DirectoryMemberUnchanged.selector, key, word);
    }

    function _wrongVoterSet(uint32 number, uint32 stored) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            IDirectory.DirectoryWrongVoterSet.selector, number, stored
        );
    }

    /// @dev Words as SECURITY.md §7 packs them, by hand, so that nothing is compared with itself.
    function _account(uint256 status, uint256 epoch, uint256 organisation, uint256 roles)
        private
        pure
        returns (uint256)
    {
        return status | (epoch << 8) | (organisation << 40) | (roles << 72) | (NOW << 88);
    }

    function _standing(uint256 status) private pure returns (uint256) {
        return _standingSince(status, NOW);
    }

    function _standingSince(uint256 status, uint256 time) private pure returns (uint256) {
        return status | (time << 8);
    }

    function _given(uint256 organisation, uint256 roles, uint256 version)
        private
        pure
        returns (uint256)
    {
        return organisation | (roles << 32) | (version << 48);
    }
}
