// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Directory} from "../../../contracts/Directory.sol";
import {Proposal} from "../../../contracts/types/Ids.sol";
import {BINDING_EPOCH_TYPEHASH} from "../../../contracts/types/TypeHashes.sol";
import {Chain} from "./Vm.sol";

/// @dev Five accounts of which three founded an organisation each; two more organisations may come.
/// The twin remembers who consented to what, and which organisations may vote.
contract DirectoryHandler is Chain {
    uint256 public constant ACCOUNTS = 5;
    uint32 public constant ORGANISATIONS = 5;

    Directory public immutable directory;

    mapping(uint256 account => uint32 number) public epochs;
    mapping(uint256 account => uint32 organisation) public wishes;
    mapping(uint256 account => uint16 roles) public wishedRoles;
    mapping(uint256 account => uint32 organisation) public homes;
    mapping(uint32 organisation => bool wasRemoved) public removed;
    string public broken;

    constructor() {
        _know(0xACC0, ACCOUNTS);
        uint32[] memory organisations = new uint32[](3);
        address[] memory admins = new address[](3);
        for (uint32 i = 0; i < 3; ++i) {
            (organisations[i], admins[i]) = (i + 1, accountOf(i));
            (epochs[i], homes[i]) = (1, i + 1);
        }
        directory = new Directory(organisations, admins, 2);
    }

    function accountOf(uint256 account) public view returns (address) {
        return _addr(0xACC0 + account);
    }

    function bind(uint256 who, uint8 step, bool bySig) external {
        uint256 a = who % ACCOUNTS;
        uint32 epoch = epochs[a] + (step % 3);
        bytes memory data = abi.encodeCall(directory.setBindingEpoch, (epoch));
        if (bySig) {
            bytes32 message = keccak256(abi.encode(BINDING_EPOCH_TYPEHASH, accountOf(a), epoch));
            bytes memory sig = _sign(0xACC0 + a, directory.domainSeparator(), message);
            data = abi.encodeCall(directory.setBindingEpochBySig, (accountOf(a), epoch, sig));
        } else {
            VM.prank(accountOf(a));
        }
        (bool accepted,) = address(directory).call(data);
        if (accepted != (step % 3 > 0)) broken = "bind";
        if (accepted) epochs[a] = epoch;
    }

    function consent(uint256 who, uint32 organisation, uint16 roles, uint8 step) external {
        uint256 a = who % ACCOUNTS;
        organisation %= ORGANISATIONS + 1;
        roles = organisation == 0 ? 0 : roles % 64;
        uint32 version = uint32(directory.consentWord(accountOf(a)) >> 48) + (step % 3);
        VM.prank(accountOf(a));
        (bool accepted,) = address(directory)
            .call(abi.encodeCall(directory.consent, (organisation, roles, version, FOREVER)));
        if (!accepted) return;
        if (step % 3 != 1) broken = "consent";
        (wishes[a], wishedRoles[a]) = (organisation, roles);
        if (organisation == 0) homes[a] = 0;
    }

    function enrol(uint256 who, uint256 by, uint16 roles, bool asWished) external {
        (uint256 a, uint256 admin) = (who % ACCOUNTS, by % ACCOUNTS);
        roles = asWished ? uint16(directory.consentWord(accountOf(a)) >> 32) : roles % 64;
        VM.prank(accountOf(admin));
        (bool accepted,) =
            address(directory).call(abi.encodeCall(directory.enrol, (accountOf(a), roles)));
        if (!accepted) return;
        if (wishes[a] == 0 || wishes[a] != _home(admin)) broken = "enlisted unasked";
        if (roles != wishedRoles[a]) broken = "roles unasked";
        _join(a);
    }

    function discipline(uint256 who, uint256 by, uint16 roles, uint8 form) external {
        (address account, uint256 admin) = (accountOf(who % ACCOUNTS), by % ACCOUNTS);
        uint256 before = directory.accountWord(account);
        bytes memory data = abi.encodeCall(directory.restrict, (account, roles));
        if (form % 4 == 1) data = abi.encodeCall(directory.dismiss, (account));
        if (form % 4 == 2) data = abi.encodeCall(directory.suspend, (account));
        if (form % 4 == 3) data = abi.encodeCall(directory.reinstate, (account));
        VM.prank(accountOf(admin));
        (bool accepted,) = address(directory).call(data);
        if (!accepted) return;
        if (uint32(before >> 40) == 0) broken = "an admin reached a free account";
        uint256 word = directory.accountWord(account);
        if (uint16(word >> 72) & ~uint16(before >> 72) != 0) broken = "an admin gave a role";
        if (form % 4 == 1) homes[who % ACCOUNTS] = 0;
    }

    /// @dev Two of the voters in one go, or proposals would seldom pass.
    function vote(uint256 by, uint8 kind, uint32 organisation, uint256 who, uint8 quorum) external {
        uint256 a = who % ACCOUNTS;
        kind = 1 + (kind % 6);
        organisation = 1 + (organisation % ORGANISATIONS);
        bool names = kind == 1 || kind > 4;
        (uint32 number, uint32 voters,) = directory.voterSet();
        Proposal memory proposal = Proposal(
            number,
            kind,
            organisation,
            names ? accountOf(a) : address(0),
            1 + (quorum % (voters + 1)),
            FOREVER
        );
        for (uint256 i = 0; i < ACCOUNTS; ++i) {
            uint256 admin = (by + i) % ACCOUNTS;
            VM.prank(accountOf(admin));
            (bool accepted,) = address(directory).call(abi.encodeCall(directory.vote, (proposal)));
            if (accepted && !_isActive(_home(admin)) && kind != 2 && kind != 4) {
                broken = "a vote without standing";
            }
        }
        if (directory.votes(directory.proposalIdOf(proposal)) != type(uint256).max) return;
        if (kind == 4) removed[organisation] = true;
        if (kind != 1 && kind != 5) return;
        if (wishes[a] != organisation || wishedRoles[a] & 16 == 0) broken = "appointed unasked";
        _join(a);
    }

    function group(uint256 by, bytes32 salt, uint256 who, bool member) external {
        VM.prank(accountOf(by % ACCOUNTS));
        (bool accepted,) = address(directory)
            .call(
                abi.encodeCall(directory.setGroupMember, (salt, accountOf(who % ACCOUNTS), member))
            );
        if (accepted && !_isActive(_home(by % ACCOUNTS))) broken = "a group without standing";
    }

    function pass(uint16 secs) external {
        VM.warp(block.timestamp + secs);
    }

    function _join(uint256 a) private {
        homes[a] = wishes[a];
        (wishes[a], wishedRoles[a]) = (0, 0);
    }

    function _home(uint256 a) private view returns (uint32) {
        return homes[a];
    }

    function _isActive(uint32 organisation) private view returns (bool) {
        return uint8(directory.organisationWord(organisation)) == 1;
    }
}

/// @title The Directory under any sequence of acts and votes.
contract DirectoryTest is Chain {
    DirectoryHandler private _handler;
    Directory private _directory;

    function setUp() external {
        _handler = new DirectoryHandler();
        _directory = _handler.directory();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev An account is where it consented to be and was taken; its binding epoch is its own.
    function invariant_accountsAreWhereTheyConsentedToBe() external view {
        require(bytes(_handler.broken()).length == 0, _handler.broken());
        for (uint256 a = 0; a < _handler.ACCOUNTS(); ++a) {
            uint256 word = _directory.accountWord(_handler.accountOf(a));
            require(uint32(word >> 8) == _handler.epochs(a), "bindingEpoch");
            require(uint32(word >> 40) == _handler.homes(a), "organisation");
            require(word == 0 || uint8(word) == 1 || uint8(word) == 2, "status");
            require(uint32(word >> 40) != 0 || uint16(word >> 72) == 0, "roles of nobody");
            require(uint16(word >> 72) < 64, "roles");
            require(word >> 128 == 0, "unused bits");
        }
    }

    function invariant_theVotersAreTheActiveOrganisations() external view {
        uint32 active = 0;
        for (uint32 org = 0; org <= _handler.ORGANISATIONS(); ++org) {
            uint256 word = _directory.organisationWord(org);
            if (uint8(word) == 1) ++active;
            require(word == 0 || uint8(word) == 1 || uint8(word) == 2, "status");
            require(word >> 48 == 0, "unused bits");
            require(_directory.removed(org) == _handler.removed(org), "removed");
            require(!_handler.removed(org) || word == 0, "a removed one came back");
        }
        (, uint32 voters, uint32 quorum) = _directory.voterSet();
        require(voters == active, "voters");
        require(quorum <= voters && quorum * 2 > voters, "quorum");
        require(_directory.organisationWord(0) == 0, "organisation zero");
        require(_directory.accountWord(address(0)) == 0, "account zero");
    }

    function testFuzz_aGroupIsItsOrganisations(uint32 one, uint32 other, bytes32 salt)
        external
        view
    {
        if (one == other) return;
        bytes32 group = keccak256(abi.encode(_directory.groupIdOf(one, salt)));
        require(group != keccak256(abi.encode(_directory.groupIdOf(other, salt))), "shared");
    }
}
