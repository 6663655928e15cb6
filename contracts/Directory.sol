// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDirectory} from "./interfaces/IDirectory.sol";
import {TypedMessages} from "./TypedMessages.sol";
import {GroupId, Proposal} from "./types/Ids.sol";
import {BINDING_EPOCH_TYPEHASH, MEMBERSHIP_TYPEHASH} from "./types/TypeHashes.sol";
import {AccountWords, ConsentWords, Roles, StandingWords} from "./types/Words.sol";

/// @title Who is who: accounts, organisations, groups, and the consortium's votes.
/// @notice See IDirectory. The active organisations are the voters, so a suspended one has no vote.
contract Directory is IDirectory, TypedMessages {
    using AccountWords for uint256;

    uint8 private constant ADMIT = 1;
    uint8 private constant SUSPEND = 2;
    uint8 private constant REINSTATE = 3;
    uint8 private constant REMOVE = 4;
    uint8 private constant APPOINT = 5;
    uint8 private constant SUSPEND_ACCOUNT = 6;

    uint256 private constant FOUNDERS_MAX = 64;
    uint256 private constant DONE = type(uint256).max;

    mapping(address account => uint256 word) private _accounts; // slot 0, frozen
    mapping(uint256 organisation => uint256 word) private _organisations; // slot 1, frozen
    mapping(bytes32 memberKey => uint256 word) private _members; // slot 2, frozen
    mapping(bytes32 consentKey => uint256 word) private _consents;
    mapping(uint256 organisation => bool isRemoved) private _removed;
    mapping(bytes32 proposalId => uint256 count) private _votes;
    mapping(bytes32 proposalId => mapping(uint256 organisation => bool hasVoted)) private _voted;
    uint32 private _voterSet = 1;
    uint32 private _voters;
    uint32 private _quorum;

    /// @param organisations Ids of the founding organisations, ascending.
    /// @param accounts The first admin of each.
    /// @param quorum Votes that a proposal needs; a majority.
    constructor(uint32[] memory organisations, address[] memory accounts, uint32 quorum) {
        uint256 length = organisations.length;
        if (length != accounts.length || length == 0 || length > FOUNDERS_MAX) {
            revert DirectoryBadFounders(length, accounts.length);
        }
        for (uint256 i = 0; i < length; ++i) {
            if (organisations[i] == 0 || accounts[i] == address(0)) revert DirectoryZeroId();
            if (
                _accounts[accounts[i]] != 0 || (i > 0 && organisations[i] <= organisations[i - 1])
            ) revert DirectoryBadFounders(length, accounts.length);
            _setOrganisation(organisations[i], StandingWords.pack(StandingWords.ACTIVE));
            _setAccount(
                accounts[i],
                AccountWords.pack(AccountWords.OPEN, 1, organisations[i], Roles.ADMIN)
            );
        }
        _voters = uint32(length);
        _checkQuorum(quorum, _voters);
        _quorum = quorum;
    }

    /// @inheritdoc IDirectory
    function setBindingEpoch(uint32 bindingEpoch) external {
        _bind(msg.sender, bindingEpoch);
    }

    /// @inheritdoc IDirectory
    function setBindingEpochBySig(
        address account,
        uint32 bindingEpoch,
        bytes calldata signature
    ) external {
        bytes32 message = keccak256(abi.encode(BINDING_EPOCH_TYPEHASH, account, bindingEpoch));
        _checkSignature(account, message, signature);
        _bind(account, bindingEpoch);
    }

    /// @inheritdoc IDirectory
    function consent(uint32 organisation, uint16 roles, uint32 version, uint64 deadline) external {
        _consent(msg.sender, organisation, roles, version, deadline);
    }

    /// @inheritdoc IDirectory
    function consentBySig(
        address account,
        uint32 organisation,
        uint16 roles,
        uint32 version,
        uint64 deadline,
        bytes calldata signature
    ) external {
        _consentBySig(account, organisation, roles, version, deadline, signature);
    }

    /// @inheritdoc IDirectory
    function enrol(address account, uint16 roles) external {
        _enrol(account, _adminOrganisation(), roles);
    }

    /// @inheritdoc IDirectory
    function enrolBySig(
        address account,
        uint16 roles,
        uint32 version,
        uint64 deadline,
        bytes calldata signature
    ) external {
        uint32 organisation = _adminOrganisation();
        _consentBySig(account, organisation, roles, version, deadline, signature);
        _enrol(account, organisation, roles);
    }

    /// @inheritdoc IDirectory
    function restrict(address account, uint16 roles) external {
        uint256 word = _ownMember(account);
        if (roles & ~word.roles() != 0) revert DirectoryBadRoles(roles, word.roles());
        _setAccount(
            account,
            AccountWords.pack(word.status(), word.bindingEpoch(), word.organisation(), roles)
        );
    }

    /// @inheritdoc IDirectory
    function dismiss(address account) external {
        uint256 word = _ownMember(account);
        if (word.status() != AccountWords.OPEN) revert DirectoryNotOpen(account, word);
        _setAccount(account, AccountWords.pack(AccountWords.OPEN, word.bindingEpoch(), 0, 0));
    }

    /// @inheritdoc IDirectory
    function suspend(address account) external {
        _suspend(account, _ownMember(account));
    }

    /// @inheritdoc IDirectory
    function reinstate(address account) external {
        uint256 word = _ownMember(account);
        if (word.status() != AccountWords.SUSPENDED) revert DirectoryNotSuspended(account, word);
        _setAccount(account, _withStatus(word, AccountWords.OPEN));
    }

    /// @inheritdoc IDirectory
    function setGroupMember(bytes32 salt, address account, bool member) external {
        if (salt == 0 || account == address(0)) revert DirectoryZeroId();
        _setMember(groupIdOf(_adminOrganisation(), salt), account, member);
    }

    /// @inheritdoc IDirectory
    function clearGroupMember(uint32 organisation, bytes32 salt, address account) external {
        if (!_removed[organisation]) revert DirectoryNotRemoved(organisation);
        _setMember(groupIdOf(organisation, salt), account, false);
    }

    /// @inheritdoc IDirectory
    function vote(Proposal calldata proposal) external {
        uint32 organisation = _adminOrganisation();
        _checkDeadline(proposal.deadline);
        if (proposal.voterSet != _voterSet) {
            revert DirectoryWrongVoterSet(proposal.voterSet, _voterSet);
        }
        bytes32 id = proposalIdOf(proposal);
        uint256 count = _votes[id];
        if (count == DONE) revert DirectoryAlreadyDone(id);
        if (_voted[id][organisation]) revert DirectoryAlreadyVoted(id, organisation);
        _voted[id][organisation] = true;
        ++count;
        bool carried = count >= _quorum;
        _votes[id] = carried ? DONE : count;
        emit Changed(id, count);
        if (carried) _carryOut(proposal);
    }

    /// @inheritdoc IDirectory
    function accountWord(address account) external view returns (uint256) {
        return _accounts[account];
    }

    /// @inheritdoc IDirectory
    function organisationWord(uint32 organisation) external view returns (uint256) {
        return _organisations[organisation];
    }

    /// @inheritdoc IDirectory
    function memberWord(GroupId group, address account) external view returns (uint256) {
        return _members[memberKeyOf(group, account)];
    }

    /// @inheritdoc IDirectory
    function standing(address account) public view returns (uint256, uint256) {
        uint256 word = _accounts[account];
        return (word, _organisations[word.organisation()]);
    }

    /// @inheritdoc IDirectory
    function consentWord(address account) external view returns (uint256) {
        return _consents[consentKeyOf(account)];
    }

    /// @inheritdoc IDirectory
    function voterSet() external view returns (uint32 number, uint32 voters, uint32 quorum) {
        return (_voterSet, _voters, _quorum);
    }

    /// @inheritdoc IDirectory
    function removed(uint32 organisation) external view returns (bool) {
        return _removed[organisation];
    }

    /// @inheritdoc IDirectory
    function votes(bytes32 id) external view returns (uint256) {
        return _votes[id];
    }

    /// @inheritdoc IDirectory
    function voted(bytes32 id, uint32 organisation) external view returns (bool) {
        return _voted[id][organisation];
    }

    /// @inheritdoc IDirectory
    function proposalIdOf(Proposal calldata proposal) public pure returns (bytes32) {
        return keccak256(abi.encode(proposal));
    }

    /// @inheritdoc IDirectory
    function groupIdOf(uint32 organisation, bytes32 salt) public pure returns (GroupId) {
        return GroupId.wrap(keccak256(abi.encode(organisation, salt)));
    }

    /// @inheritdoc IDirectory
    function memberKeyOf(GroupId group, address account) public pure returns (bytes32) {
        return keccak256(abi.encode(group, account));
    }

    /// @inheritdoc IDirectory
    function consentKeyOf(address account) public pure returns (bytes32) {
        return keccak256(abi.encode(account));
    }

    /// @dev Allowed while suspended too: a stolen laptop cannot wait for an admin.
    function _bind(address account, uint32 bindingEpoch) private {
        uint256 word = _accounts[account];
        uint32 stored = word.bindingEpoch();
        if (bindingEpoch <= stored) {
            revert DirectoryStaleBindingEpoch(account, bindingEpoch, stored);
        }
        uint8 status = word == 0 ? AccountWords.OPEN : word.status();
        _setAccount(
            account, AccountWords.pack(status, bindingEpoch, word.organisation(), word.roles())
        );
    }

    function _consentBySig(
        address account,
        uint32 organisation,
        uint16 roles,
        uint32 version,
        uint64 deadline,
        bytes calldata signature
    ) private {
        bytes32 message = keccak256(
            abi.encode(MEMBERSHIP_TYPEHASH, account, organisation, roles, version, deadline)
        );
        _checkSignature(account, message, signature);
        _consent(account, organisation, roles, version, deadline);
    }

    function _consent(
        address account,
        uint32 organisation,
        uint16 roles,
        uint32 version,
        uint64 deadline
    ) private {
        _checkDeadline(deadline);
        uint16 allowed = organisation == 0 ? 0 : Roles.ALL;
        if (roles & ~allowed != 0) revert DirectoryBadRoles(roles, allowed);
        uint256 word = _openWord(account);
        uint32 stored = ConsentWords.version(_consents[consentKeyOf(account)]);
        if (version != uint256(stored) + 1) {
            revert DirectoryStaleConsent(account, version, stored);
        }
        _setConsent(account, ConsentWords.pack(organisation, roles, version));
        if (organisation == 0 && word.organisation() != 0) {
            _setAccount(account, AccountWords.pack(AccountWords.OPEN, word.bindingEpoch(), 0, 0));
        }
    }

    /// @dev Both halves meet here: the caller brings the organisation's act, storage the consent.
    function _enrol(address account, uint32 organisation, uint16 roles) private {
        uint256 word = _openWord(account);
        uint256 given = _consents[consentKeyOf(account)];
        uint32 version = ConsentWords.version(given);
        if (given != ConsentWords.pack(organisation, roles, version)) {
            revert DirectoryNoConsent(account, organisation, roles, given);
        }
        _setConsent(account, ConsentWords.pack(0, 0, version));
        _setAccount(
            account,
            AccountWords.pack(AccountWords.OPEN, word.bindingEpoch(), organisation, roles)
        );
    }

    function _suspend(address account, uint256 word) private {
        if (word.status() != AccountWords.OPEN) revert DirectoryNotOpen(account, word);
        _setAccount(account, _withStatus(word, AccountWords.SUSPENDED));
    }

    function _setMember(GroupId group, address account, bool member) private {
        bytes32 key = memberKeyOf(group, account);
        uint256 stored = _members[key];
        if ((stored != 0) == member) revert DirectoryMemberUnchanged(key, stored);
        uint256 word = member ? StandingWords.pack(StandingWords.ACTIVE) : 0;
        _members[key] = word;
        emit Changed(key, word);
    }

    function _carryOut(Proposal calldata proposal) private {
        uint32 before = _voters;
        uint32 voters = before;
        uint32 organisation = proposal.organisation;
        uint256 word = _organisations[organisation];
        uint8 kind = proposal.kind;
        if (!_fits(proposal, word)) {
            revert DirectoryBadProposal(kind, organisation, proposal.account, word);
        }
        if (kind == SUSPEND_ACCOUNT) {
            _suspend(proposal.account, _accounts[proposal.account]);
        } else if (kind == APPOINT) {
            _appoint(proposal.account, organisation);
        } else if (kind == REMOVE) {
            _removed[organisation] = true;
            if (StandingWords.status(word) == StandingWords.ACTIVE) --voters;
            _setOrganisation(organisation, 0);
        } else if (kind == SUSPEND) {
            --voters;
            _setOrganisation(organisation, StandingWords.pack(StandingWords.SUSPENDED));
        } else {
            ++voters;
            _setOrganisation(organisation, StandingWords.pack(StandingWords.ACTIVE));
            if (kind == ADMIT) _appoint(proposal.account, organisation);
        }
        _checkQuorum(proposal.quorum, voters);
        if (voters == before && proposal.quorum == _quorum) return;
        (_voterSet, _voters, _quorum) = (_voterSet + 1, voters, proposal.quorum);
    }

    /// @dev The roles are those that the account consented to; the admin's must be among them.
    function _appoint(address account, uint32 organisation) private {
        uint16 roles = ConsentWords.roles(_consents[consentKeyOf(account)]);
        _enrol(account, organisation, roles | Roles.ADMIN);
    }

    function _setAccount(address account, uint256 word) private {
        _accounts[account] = word;
        emit Changed(bytes32(uint256(uint160(account))), word);
    }

    function _setOrganisation(uint32 organisation, uint256 word) private {
        _organisations[organisation] = word;
        emit Changed(bytes32(uint256(organisation)), word);
    }

    function _setConsent(address account, uint256 word) private {
        bytes32 key = consentKeyOf(account);
        _consents[key] = word;
        emit Changed(key, word);
    }

    function _adminOrganisation() private view returns (uint32) {
        (uint256 word, uint256 organisation) = standing(msg.sender);
        if (
            word.status() != AccountWords.OPEN || word.roles() & Roles.ADMIN == 0
                || StandingWords.status(organisation) != StandingWords.ACTIVE
        ) revert DirectoryNotAdmin(msg.sender, word, organisation);
        return word.organisation();
    }

    /// @dev The account's word, if it belongs to the organisation whose admin calls.
    function _ownMember(address account) private view returns (uint256 word) {
        uint32 organisation = _adminOrganisation();
        word = _accounts[account];
        if (word.organisation() != organisation) {
            revert DirectoryOtherOrganisation(account, organisation, word.organisation());
        }
    }

    function _openWord(address account) private view returns (uint256 word) {
        word = _accounts[account];
        if (word.status() != AccountWords.OPEN) revert DirectoryNotOpen(account, word);
    }

    function _withStatus(uint256 word, uint8 status) private view returns (uint256) {
        return AccountWords.pack(status, word.bindingEpoch(), word.organisation(), word.roles());
    }

    function _fits(Proposal calldata proposal, uint256 word) private view returns (bool) {
        uint8 kind = proposal.kind;
        uint32 organisation = proposal.organisation;
        bool named = proposal.account != address(0);
        uint8 status = StandingWords.status(word);
        if (kind == ADMIT) return organisation != 0 && word == 0 && named && !_removed[organisation];
        if (kind == SUSPEND) return status == StandingWords.ACTIVE && !named;
        if (kind == REINSTATE) return status == StandingWords.SUSPENDED && !named;
        if (kind == REMOVE) return word != 0 && !named;
        if (kind == APPOINT) return word != 0 && named;
        if (kind != SUSPEND_ACCOUNT) return false;
        return word != 0 && named && _accounts[proposal.account].organisation() == organisation;
    }

    function _checkQuorum(uint32 quorum, uint32 voters) private pure {
        if (quorum > voters || uint256(quorum) * 2 <= voters) {
            revert DirectoryBadQuorum(quorum, voters);
        }
    }
}
