// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Directory} from "../../../contracts/Directory.sol";
import {Emergency} from "../../../contracts/Emergency.sol";
import {GrantRegistry} from "../../../contracts/GrantRegistry.sol";
import {Guardians} from "../../../contracts/Guardians.sol";
import {IDirectory} from "../../../contracts/interfaces/IDirectory.sol";
import {IEmergency} from "../../../contracts/interfaces/IEmergency.sol";
import {IGrantRegistry} from "../../../contracts/interfaces/IGrantRegistry.sol";
import {IGuardians} from "../../../contracts/interfaces/IGuardians.sol";
import {WardAccount} from "../../../contracts/WardAccount.sol";
import {RecoveryPlan} from "../../../contracts/types/Ids.sol";
import {
    GRANTS_TYPEHASH,
    GUARDIANSHIP_END_TYPEHASH,
    GUARDIANSHIP_TYPEHASH,
    OPT_OUT_TYPEHASH,
    RECOVERY_PLAN_TYPEHASH,
    RECOVERY_TYPEHASH,
    REVOCATIONS_TYPEHASH,
    VETO_TYPEHASH,
    WISH_TYPEHASH
} from "../../../contracts/types/TypeHashes.sol";
import {Chain} from "./Vm.sol";

/// @dev Wards and guardians who appoint, end, revoke all and grow older; helpers who propose and
/// owners who veto. The twin says who holds what, and what a signature is worth.
contract GuardiansHandler is Chain {
    struct Guardianship {
        bool stands;
        uint16 rights;
        uint32 epoch;
        uint32 version;
        uint64 until;
    }

    struct Recovery {
        uint8 status;
        uint32 round;
        uint256 readyAt;
    }

    uint256 public constant WARDS = 2;
    uint256 public constant GUARDIANS = 3;

    GrantRegistry public immutable grants = new GrantRegistry();
    Emergency public immutable emergency;
    Guardians public immutable guardians;

    mapping(uint256 ward => mapping(uint256 guardian => Guardianship)) public twin;
    mapping(uint256 ward => Recovery) public recoveries;
    mapping(uint256 ward => uint32 version) public plans;
    mapping(uint256 ward => uint32 epoch) public epochs;
    mapping(uint256 ward => bool hasSuccessor) public succeeded;
    Directory public immutable directory;
    string public broken;

    constructor() {
        _know(0x3A2D, WARDS);
        _know(0x90A2D, GUARDIANS);
        _know(0x5CC, 1);
        _know(0x4E1, 2);
        _know(0xE7E, 1);
        uint32[] memory organisations = new uint32[](1);
        address[] memory admins = new address[](1);
        (organisations[0], admins[0]) = (1, _addr(0xAD0001));
        directory = new Directory(organisations, admins, 1);
        emergency = new Emergency(directory, grants, 2, 1 days);
        guardians = new Guardians(directory, grants, emergency);
        for (uint256 w = 0; w < WARDS; ++w) epochs[w] = 1;
        // As an EIP-7702 delegation would have it; ward 0 has no such code.
        VM.etch(wardOf(1), address(new WardAccount(guardians)).code);
    }

    function wardOf(uint256 ward) public view returns (address) {
        return _addr(0x3A2D + ward);
    }

    function guardianOf(uint256 guardian) public view returns (address) {
        return _addr(0x90A2D + guardian);
    }

    function appoint(uint256 who, uint256 whom, uint16 rights, uint32 life, uint8 step, bool bySig)
        external
    {
        (uint256 w, uint256 g) = (who % WARDS, whom % GUARDIANS);
        rights %= 9;
        uint64 until = uint64(block.timestamp + life % 100_000);
        uint32 epoch = step % 16 == 15 ? epochs[w] + 1 : epochs[w];
        uint32 version = twin[w][g].version + step % 3;
        bool accepted = _sendAppointment(w, g, rights, until, epoch, version, bySig);
        bool expected = rights != 0 && rights < 8 && life % 100_000 > 0 && epoch == epochs[w]
            && step % 3 > 0 && !succeeded[w];
        if (accepted != expected) broken = "appoint";
        if (accepted) twin[w][g] = Guardianship(true, rights, epoch, version, until);
    }

    function end(uint256 who, uint256 whom, uint8 by, uint8 step, bool bySig) external {
        (uint256 w, uint256 g) = (who % WARDS, whom % GUARDIANS);
        uint32 version = twin[w][g].version + step % 3;
        uint256 key = by % 3 == 0 ? 0x3A2D + w : by % 3 == 1 ? 0x90A2D + g : 0xE7E;
        bytes memory data =
            abi.encodeCall(guardians.end, (wardOf(w), guardianOf(g), version));
        if (bySig) {
            bytes32 message = keccak256(
                abi.encode(GUARDIANSHIP_END_TYPEHASH, wardOf(w), guardianOf(g), version)
            );
            bytes memory sig = _sign(key, guardians.domainSeparator(), message);
            data = abi.encodeCall(
                guardians.endBySig, (_addr(key), wardOf(w), guardianOf(g), version, sig)
            );
        } else {
            VM.prank(_addr(key));
        }
        (bool accepted,) = address(guardians).call(data);
        bool speaks = by % 3 == 1 || (by % 3 == 0 && !succeeded[w]);
        if (accepted != (step % 3 > 0 && speaks)) broken = "end";
        if (accepted) twin[w][g] = Guardianship(false, 0, 0, version, 0);
    }

    function revokeAll(uint256 who) external {
        uint256 w = who % WARDS;
        VM.prank(wardOf(w));
        grants.revokeAll(++epochs[w]);
    }

    /// @dev A guardian, or another ward's, signs a wish: it counts if and only if it holds the right.
    function vouch(uint256 who, uint256 whom, uint8 wish, uint8 kind) external {
        (uint256 w, uint256 g) = (who % WARDS, whom % GUARDIANS);
        kind %= 7;
        bytes32 message = keccak256(abi.encode(WISH_TYPEHASH, wardOf(w), wish, uint64(1)));
        bytes32 domain = emergency.domainSeparator();
        bytes memory proof = abi.encode(
            guardianOf(g), kind, abi.encode(wish, uint64(1)), _sign(0x90A2D + g, domain, message)
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, message));
        bool vouched = guardians.vouches(wardOf(w), digest, proof);
        if (vouched != (kind == 4 && holds(w, g, 4))) broken = "vouches";
    }

    function plan(uint256 who, uint8 step) external {
        uint256 w = who % WARDS;
        bytes32 planHash = guardians.planHashOf(planOf());
        uint32 version = plans[w] + step % 3;
        VM.prank(wardOf(w));
        (bool accepted,) = address(guardians)
            .call(abi.encodeCall(guardians.setPlan, (planHash, 1 days, version)));
        if (accepted != (step % 3 > 0 && !succeeded[w])) broken = "setPlan";
        if (!accepted) return;
        plans[w] = version;
        if (recoveries[w].status == 1) recoveries[w].status = 2;
    }

    function propose(uint256 who, uint8 signers, uint8 step) external {
        uint256 w = who % WARDS;
        uint32 round = recoveries[w].round + step % 3;
        if (step >= 128) signers |= 3; // or hardly any account would ever be recovered
        bytes32 message = keccak256(
            abi.encode(RECOVERY_TYPEHASH, wardOf(w), _addr(0x5CC), plans[w], round)
        );
        bytes[] memory signatures = new bytes[](2);
        for (uint256 i = 0; i < 2; ++i) {
            if ((signers >> i) & 1 == 1) {
                signatures[i] = _sign(_helperKey(i), guardians.domainSeparator(), message);
            }
        }
        (bool accepted,) = address(guardians)
            .call(
                abi.encodeCall(
                    guardians.propose, (wardOf(w), _addr(0x5CC), round, planOf(), signatures)
                )
            );
        bool expected = plans[w] > 0 && signers & 3 == 3 && step % 3 == 1
            && recoveries[w].status != 1 && !succeeded[w];
        if (accepted != expected) broken = "propose";
        if (accepted) recoveries[w] = Recovery(1, round, block.timestamp + 1 days);
    }

    function veto(uint256 who, uint8 step, bool bySig) external {
        uint256 w = who % WARDS;
        uint32 round = recoveries[w].round + step % 2;
        bytes memory data = abi.encodeCall(guardians.veto, (round));
        if (bySig) {
            bytes32 message = keccak256(abi.encode(VETO_TYPEHASH, wardOf(w), round));
            bytes memory sig = _sign(0x3A2D + w, guardians.domainSeparator(), message);
            data = abi.encodeCall(guardians.vetoBySig, (wardOf(w), round, sig));
        } else {
            VM.prank(wardOf(w));
        }
        (bool accepted,) = address(guardians).call(data);
        if (accepted != (recoveries[w].status == 1 && step % 2 == 0)) broken = "veto";
        if (accepted) recoveries[w].status = 2;
    }

    /// @dev Only the account that asks Guardians can be recovered, and only after the delay.
    function complete(uint256 who) external {
        uint256 w = who % WARDS;
        uint32 before = uint32(directory.accountWord(wardOf(w)) >> 8);
        (bool accepted,) =
            address(guardians).call(abi.encodeCall(guardians.complete, (wardOf(w))));
        bool expected =
            w == 1 && recoveries[w].status == 1 && block.timestamp >= recoveries[w].readyAt;
        if (accepted != expected) broken = "complete";
        if (!accepted) return;
        (recoveries[w].status, succeeded[w]) = (3, true);
        uint32 bound = uint32(directory.accountWord(wardOf(w)) >> 8);
        if (bound != before + 1) broken = "binding epoch";
    }

    /// @dev The successor, and nobody before it, opts out for the account it succeeded.
    function succeed(uint256 who, uint8 step) external {
        uint256 w = who % WARDS;
        uint32 version = uint32(grants.ownerWord(wardOf(w)) >> 112) + 1 + step % 2;
        bytes32 message =
            keccak256(abi.encode(OPT_OUT_TYPEHASH, wardOf(w), uint32(1), version));
        bytes memory sig = _sign(0x5CC, grants.domainSeparator(), message);
        bytes memory proof = abi.encode(_addr(0x5CC), uint8(0), "", sig);
        (bool accepted,) = address(grants)
            .call(abi.encodeCall(grants.optOutBySig, (wardOf(w), 1, version, proof)));
        if (accepted != succeeded[w]) broken = "successor";
    }

    function pass(uint16 secs) external {
        VM.warp(block.timestamp + secs);
    }

    function passDays(uint8 count) external {
        VM.warp(block.timestamp + uint256(count % 3) * 1 days);
    }

    function holds(uint256 w, uint256 g, uint16 rights) public view returns (bool) {
        Guardianship storage known = twin[w][g];
        return known.stands && known.rights & rights == rights && known.epoch == epochs[w]
            && block.timestamp < known.until;
    }

    function planOf() public view returns (RecoveryPlan memory made) {
        made.salt = keccak256("salt");
        made.threshold = 2;
        made.helpers = new address[](2);
        (made.helpers[0], made.helpers[1]) = (_addr(_helperKey(0)), _addr(_helperKey(1)));
    }

    function _helperKey(uint256 i) private view returns (uint256) {
        bool ordered = _addr(0x4E1) < _addr(0x4E2);
        return (i == 0) == ordered ? 0x4E1 : 0x4E2;
    }

    function _sendAppointment(
        uint256 w,
        uint256 g,
        uint16 rights,
        uint64 until,
        uint32 epoch,
        uint32 version,
        bool bySig
    ) private returns (bool accepted) {
        (address ward, address guardian) = (wardOf(w), guardianOf(g));
        if (!bySig) {
            VM.prank(ward);
            (accepted,) = address(guardians)
                .call(
                    abi.encodeCall(guardians.appoint, (guardian, rights, until, epoch, version))
                );
            return accepted;
        }
        bytes32 message = keccak256(
            abi.encode(GUARDIANSHIP_TYPEHASH, ward, guardian, rights, until, epoch, version)
        );
        bytes memory sig = _sign(0x3A2D + w, guardians.domainSeparator(), message);
        bytes memory data = abi.encodeCall(
            guardians.appointBySig, (ward, guardian, rights, until, epoch, version, sig)
        );
        (accepted,) = address(guardians).call(data);
    }
}

/// @title Guardians under any sequence of appointments, ends, epochs and recoveries.
contract GuardiansTest is Chain {
    GuardiansHandler private _handler;
    Guardians private _guardians;

    function setUp() external {
        _handler = new GuardiansHandler();
        _guardians = _handler.guardians();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function invariant_guardiansHoldWhatTheirWardsGave() external view {
        require(bytes(_handler.broken()).length == 0, _handler.broken());
        for (uint256 w = 0; w < _handler.WARDS(); ++w) {
            for (uint256 g = 0; g < _handler.GUARDIANS(); ++g) {
                (address ward, address guardian) = (_handler.wardOf(w), _handler.guardianOf(g));
                for (uint16 rights = 1; rights < 9; ++rights) {
                    bool held = _guardians.holds(ward, guardian, rights);
                    require(held == _handler.holds(w, g, rights), "holds");
                }
                bytes32 key = _guardians.guardianshipKeyOf(ward, guardian);
                require(key == keccak256(abi.encode(ward, guardian)), "key");
                uint256 word = _word(address(_guardians), key, 0);
                require(word == _guardians.guardianshipWord(ward, guardian), "slot");
                require(word >> 168 == 0, "unused bits");
                require(!_guardians.holds(guardian, ward, 1), "a ward became a guardian");
            }
        }
    }

    /// @dev Nobody succeeds whose account does not ask; rounds only grow; a veto is the end of one.
    function invariant_recoveriesWaitAndYield() external view {
        for (uint256 w = 0; w < _handler.WARDS(); ++w) {
            address ward = _handler.wardOf(w);
            (uint8 status, uint32 round, uint256 readyAt) = _handler.recoveries(w);
            (uint256 word,) = _guardians.recoveryOf(ward);
            require(uint8(word) == status, "status");
            require(uint32(word >> 8) == round, "round");
            require(status != 1 || uint40(word >> 40) == readyAt, "readyAt");
            address expected = _handler.succeeded(w) ? _addr(0x5CC) : address(0);
            require(_guardians.successorOf(ward) == expected, "successor");
            require(_guardians.isWired(ward) == (w == 1), "wired");
            (uint256 plan,) = _guardians.planOf(ward);
            require(uint32(plan) == _handler.plans(w), "plan");
        }
    }

    /// @dev So that the invariants are not about nothing.
    function test_anAccountCanBeRecovered() external {
        _handler.plan(1, 1);
        _handler.propose(1, 3, 1);
        _handler.veto(1, 0, true);
        _handler.propose(1, 3, 1);
        _handler.complete(1);
        _handler.passDays(1);
        _handler.complete(1);
        _handler.succeed(1, 0);
        _handler.appoint(1, 0, 1, 1, 1, false);
        require(bytes(_handler.broken()).length == 0, _handler.broken());
        require(_handler.succeeded(1), "not recovered");
        this.invariant_guardiansHoldWhatTheirWardsGave();
        this.invariant_recoveriesWaitAndYield();
    }

    function test_zeroIsNoContract() external {
        address some = address(_guardians);
        for (uint256 i = 0; i < 3; ++i) {
            try new Guardians(
                IDirectory(i == 0 ? address(0) : some),
                IGrantRegistry(i == 1 ? address(0) : some),
                IEmergency(i == 2 ? address(0) : some)
            ) {
                revert("made");
            } catch {}
        }
    }

    /// @dev One wrong thing a case, each by the name of its error.
    function test_recoveriesAreRefusedByName() external {
        _handler.plan(0, 1);
        address ward = _handler.wardOf(0);
        RecoveryPlan memory plan = _handler.planOf();
        bytes[] memory none = new bytes[](2);
        address next = _addr(0x5CC);
        _refuses(
            abi.encodeCall(_guardians.propose, (ward, ward, 1, plan, none)),
            IGuardians.GuardiansBadSuccessor.selector
        );
        _refuses(
            abi.encodeCall(_guardians.propose, (ward, next, 1, plan, none)),
            IGuardians.GuardiansTooFewHelpers.selector
        );
        none[1] = new bytes(65);
        _refuses(
            abi.encodeCall(_guardians.propose, (ward, next, 1, plan, none)),
            IGuardians.GuardiansBadHelper.selector
        );
        _refuses(
            abi.encodeCall(_guardians.setPlan, (bytes32(0), 1 days, 1)),
            IGuardians.GuardiansBadDelay.selector
        );
        plan.threshold = 1;
        _refuses(
            abi.encodeCall(_guardians.propose, (ward, next, 1, plan, none)),
            IGuardians.GuardiansWrongPlan.selector
        );
        plan.threshold = 3;
        _refuses(
            abi.encodeCall(_guardians.planHashOf, (plan)), IGuardians.GuardiansBadPlan.selector
        );
        plan.threshold = 2;
        (plan.helpers[0], plan.helpers[1]) = (plan.helpers[1], plan.helpers[0]);
        _refuses(
            abi.encodeCall(_guardians.planHashOf, (plan)), IGuardians.GuardiansBadPlan.selector
        );
    }

    function test_plansAreSetBySignature() external {
        (address account, bytes32 planHash) = (_handler.wardOf(0), keccak256("plan"));
        bytes32 message = keccak256(
            abi.encode(RECOVERY_PLAN_TYPEHASH, account, planHash, uint32(1 days), uint32(1))
        );
        bytes memory sig = _sign(0x3A2D, _guardians.domainSeparator(), message);
        _guardians.setPlanBySig(account, planHash, 1 days, 1, sig);
        (uint256 word, bytes32 stored) = _guardians.planOf(account);
        require(uint32(word) == 1 && stored == planHash, "plan");
    }

    /// @dev Each kind by its own right, and under no other name.
    function testFuzz_aGuardianSignsWhatItsRightsSay(uint8 kind, uint16 rights, bytes32 fields)
        external
    {
        (kind, rights) = (kind % 7, 1 + rights % 7);
        address ward = _handler.wardOf(0);
        VM.prank(ward);
        _guardians.appoint(_addr(0x90A2D), rights, uint64(block.timestamp + 1), 1, 1);
        uint16 needed = kind == 1 ? 1 : kind == 2 ? 2 : kind == 3 ? 3 : kind == 4 ? 4 : 8;
        bytes32 typeHash = kind == 1
            ? GRANTS_TYPEHASH
            : kind == 2 ? REVOCATIONS_TYPEHASH : kind == 3 ? OPT_OUT_TYPEHASH : WISH_TYPEHASH;
        bytes32 domain = kind == 4
            ? _handler.emergency().domainSeparator()
            : _handler.grants().domainSeparator();
        bytes32 message = keccak256(abi.encode(typeHash, ward, fields));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, message));
        bytes memory sig = _sign(0x90A2D, domain, message);
        bytes memory proof = abi.encode(_addr(0x90A2D), kind, abi.encode(fields), sig);
        bool vouched = _guardians.vouches(ward, digest, proof);
        require(vouched == (needed < 8 && rights & needed == needed), "vouches");
    }

    function _refuses(bytes memory data, bytes4 expected) private {
        (bool accepted, bytes memory reason) = address(_guardians).call(data);
        require(!accepted && bytes4(reason) == expected, "another reason");
    }
}
