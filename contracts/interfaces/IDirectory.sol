// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITypedMessages} from "./ITypedMessages.sol";
import {GroupId, Proposal} from "../types/Ids.sol";

/// @title Who is who: accounts, organisations, groups, and the consortium's votes.
/// @notice Storage slot 0 maps account to its word, slot 1 organisation to its word, slot 2
/// keccak256(abi.encode(groupId, account)) to a membership word; frozen (SECURITY.md §7). There is
/// no owner: organisations come and go by votes of k organisations out of all active ones, where k
/// is a majority. An account belongs to an organisation only by its own consent and the
/// organisation's act together.
interface IDirectory is ITypedMessages {
    /// @notice A word changed. `key` is an account or organisation, left-padded, a membership key,
    /// a consent key, or a proposal's id, whose word is the number of votes.
    event Changed(bytes32 indexed key, uint256 word);

    /// @notice Zero is no account, organisation or group salt.
    error DirectoryZeroId();

    /// @notice The founders' lists differ in length, are empty or too long, or repeat an id.
    error DirectoryBadFounders(uint256 organisations, uint256 accounts);

    /// @notice The quorum must be a majority of the voters, and no more than there are.
    error DirectoryBadQuorum(uint32 quorum, uint32 voters);

    /// @notice A binding epoch must be higher than the stored one.
    error DirectoryStaleBindingEpoch(address account, uint32 bindingEpoch, uint32 stored);

    /// @notice The account is not open; its word.
    error DirectoryNotOpen(address account, uint256 word);

    /// @notice The account is not suspended; its word.
    error DirectoryNotSuspended(address account, uint256 word);

    /// @notice Roles that do not exist, or that the account does not hold.
    error DirectoryBadRoles(uint16 roles, uint16 allowed);

    /// @notice A consent carries the version after the stored one.
    error DirectoryStaleConsent(address account, uint32 version, uint32 stored);

    /// @notice The account's standing consent is for something else.
    error DirectoryNoConsent(address account, uint32 organisation, uint16 roles, uint256 consent);

    /// @notice The sender is no admin of an active organisation; its two words.
    error DirectoryNotAdmin(address account, uint256 accountWord, uint256 organisationWord);

    /// @notice The account belongs to another organisation.
    error DirectoryOtherOrganisation(address account, uint32 organisation, uint32 stored);

    /// @notice The membership is already as asked.
    error DirectoryMemberUnchanged(bytes32 key, uint256 word);

    /// @notice Only the groups of a removed organisation may be cleared by anyone.
    error DirectoryNotRemoved(uint32 organisation);

    /// @notice The proposal names another voter set than the present one.
    error DirectoryWrongVoterSet(uint32 voterSet, uint32 stored);

    /// @notice The organisation has voted for this proposal already.
    error DirectoryAlreadyVoted(bytes32 id, uint32 organisation);

    /// @notice The proposal was carried out already.
    error DirectoryAlreadyDone(bytes32 id);

    /// @notice The proposal does not fit the organisation it names: unknown kind, wrong word, a
    /// removed id, or an account where none belongs.
    error DirectoryBadProposal(uint8 kind, uint32 organisation, address account, uint256 word);

    /// @notice Opens the sender's account, or bumps its epoch: all older node bindings end.
    /// @param bindingEpoch Any epoch above the stored one.
    function setBindingEpoch(uint32 bindingEpoch) external;

    /// @notice The same by the account's signature of a `BindingEpoch` message.
    function setBindingEpochBySig(
        address account,
        uint32 bindingEpoch,
        bytes calldata signature
    ) external;

    /// @notice Says that the sender wishes to belong to an organisation with exactly these roles;
    /// its admin's `enrol` completes it. Organisation 0 with roles 0 leaves at once. A newer consent
    /// replaces an older one.
    /// @param version The stored consent version + 1.
    /// @param deadline Last second, Unix time, in which this is accepted.
    function consent(uint32 organisation, uint16 roles, uint32 version, uint64 deadline) external;

    /// @notice The same by the account's signature of a `Membership` message.
    function consentBySig(
        address account,
        uint32 organisation,
        uint16 roles,
        uint32 version,
        uint64 deadline,
        bytes calldata signature
    ) external;

    /// @notice Takes a consenting account into the sender's organisation. Uses the consent up.
    function enrol(address account, uint16 roles) external;

    /// @notice `consentBySig` and `enrol` in one, by the organisation's admin.
    function enrolBySig(
        address account,
        uint16 roles,
        uint32 version,
        uint64 deadline,
        bytes calldata signature
    ) external;

    /// @notice Takes roles from an account of the sender's organisation; `roles` are those it keeps.
    function restrict(address account, uint16 roles) external;

    /// @notice Parts an account from the sender's organisation.
    function dismiss(address account) external;

    /// @notice Suspends an account of the sender's organisation.
    function suspend(address account) external;

    /// @notice Opens a suspended account of the sender's organisation again.
    function reinstate(address account) external;

    /// @notice Puts an account into, or takes it out of, a group of the sender's organisation.
    /// @param salt Names the group within the organisation.
    function setGroupMember(bytes32 salt, address account, bool member) external;

    /// @notice Takes an account out of a group whose organisation was removed. Anyone may call.
    function clearGroupMember(uint32 organisation, bytes32 salt, address account) external;

    /// @notice Votes for a proposal in the name of the sender's organisation. The vote that completes
    /// the quorum carries it out.
    /// Kinds: 1 admit `organisation` with `account` as its first admin; 2 suspend; 3 reinstate;
    /// 4 remove, for ever; 5 appoint `account` as an admin; 6 suspend `account` of `organisation`.
    /// Kinds 1 and 5 need the account's consent to that organisation with the admin role.
    /// `quorum` is the one that holds afterwards.
    function vote(Proposal calldata proposal) external;

    /// @notice The account's word; zero if it was never opened.
    function accountWord(address account) external view returns (uint256);

    /// @notice The organisation's word; zero if it was never admitted, or was removed.
    function organisationWord(uint32 organisation) external view returns (uint256);

    /// @notice The membership word; zero for no member.
    function memberWord(GroupId group, address account) external view returns (uint256);

    /// @notice The account's word and that of its organisation.
    function standing(address account) external view returns (uint256, uint256);

    /// @notice The account's consent: organisation 0–31, roles 32–47, version 48–79.
    function consentWord(address account) external view returns (uint256);

    /// @notice The voter set's number, its size, and the quorum.
    function voterSet() external view returns (uint32 number, uint32 voters, uint32 quorum);

    /// @notice Whether an organisation was removed; its id is never used again.
    function removed(uint32 organisation) external view returns (bool);

    /// @notice Votes for a proposal so far; the greatest uint256 once it is carried out.
    function votes(bytes32 id) external view returns (uint256);

    /// @notice Whether an organisation has voted for a proposal.
    function voted(bytes32 id, uint32 organisation) external view returns (bool);

    /// @notice keccak256(abi.encode(proposal)).
    function proposalIdOf(Proposal calldata proposal) external pure returns (bytes32);

    /// @notice keccak256(abi.encode(organisation, salt)).
    function groupIdOf(uint32 organisation, bytes32 salt) external pure returns (GroupId);

    /// @notice keccak256(abi.encode(groupId, account)).
    function memberKeyOf(GroupId group, address account) external pure returns (bytes32);

    /// @notice keccak256(abi.encode(account)).
    function consentKeyOf(address account) external pure returns (bytes32);
}
