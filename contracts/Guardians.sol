// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IDirectory} from "./interfaces/IDirectory.sol";
import {IEmergency} from "./interfaces/IEmergency.sol";
import {IGrantRegistry} from "./interfaces/IGrantRegistry.sol";
import {IGuardians} from "./interfaces/IGuardians.sol";
import {TypedMessages} from "./TypedMessages.sol";
import {WardAccount} from "./WardAccount.sol";
import {RecoveryPlan} from "./types/Ids.sol";
import {
    BINDING_EPOCH_TYPEHASH,
    GRANTS_TYPEHASH,
    GUARDIANSHIP_END_TYPEHASH,
    GUARDIANSHIP_TYPEHASH,
    OPT_OUT_TYPEHASH,
    RECOVERY_PLAN_TYPEHASH,
    RECOVERY_TYPEHASH,
    REVOCATIONS_TYPEHASH,
    VETO_TYPEHASH,
    WISH_TYPEHASH
} from "./types/TypeHashes.sol";
import {
    AccountWords,
    GuardianWords,
    OwnerWords,
    PlanWords,
    RecoveryWords
} from "./types/Words.sol";

/// @title Guardians: who may act for whom, and who gets a lost account back.
/// @notice See IGuardians.
contract Guardians is IGuardians, TypedMessages {
    using GuardianWords for uint256;

    uint8 private constant SUCCESSOR = 0;
    uint8 private constant GRANTS = 1;
    uint8 private constant REVOCATIONS = 2;
    uint8 private constant OPT_OUT = 3;
    uint8 private constant WISH = 4;
    uint8 private constant RECOVERED = 5;

    uint256 private constant HELPERS_MAX = 8;
    uint256 private constant DELAY_MIN_SECONDS = 1 days;
    uint256 private constant DELAY_MAX_SECONDS = 90 days;

    mapping(bytes32 guardianshipKey => uint256 word) private _guardianships; // slot 0, frozen
    mapping(address account => uint256 word) private _plans; // slot 1, frozen
    mapping(address account => bytes32 planHash) private _planHashes; // slot 2, frozen
    mapping(address account => uint256 word) private _recoveries; // slot 3, frozen
    mapping(address account => address candidate) private _candidates; // slot 4, frozen
    mapping(address account => address successor) private _successors; // slot 5, frozen

    IDirectory private immutable _directory;
    IGrantRegistry private immutable _grants;
    IEmergency private immutable _emergency;

    constructor(IDirectory directory_, IGrantRegistry grants_, IEmergency emergency_) {
        if (
            address(directory_) == address(0) || address(grants_) == address(0)
                || address(emergency_) == address(0)
        ) revert GuardiansZeroContract();
        _directory = directory_;
        _grants = grants_;
        _emergency = emergency_;
    }

    /// @inheritdoc IGuardians
    function appoint(
        address guardian,
        uint16 rights,
        uint64 until,
        uint32 epoch,
        uint32 version
    ) external {
        _checkSender(msg.sender);
        _appoint(msg.sender, guardian, rights, until, epoch, version);
    }

    /// @inheritdoc IGuardians
    function appointBySig(
        address ward,
        address guardian,
        uint16 rights,
        uint64 until,
        uint32 epoch,
        uint32 version,
        bytes calldata signature
    ) external {
        _authorise(
            ward,
            keccak256(
                abi.encode(GUARDIANSHIP_TYPEHASH, ward, guardian, rights, until, epoch, version)
            ),
            signature
        );
        _appoint(ward, guardian, rights, until, epoch, version);
    }

    /// @inheritdoc IGuardians
    function end(address ward, address guardian, uint32 version) external {
        if (msg.sender == ward) _checkSender(ward);
        _end(msg.sender, ward, guardian, version);
    }

    /// @inheritdoc IGuardians
    function endBySig(
        address signer,
        address ward,
        address guardian,
        uint32 version,
        bytes calldata signature
    ) external {
        bytes32 message = keccak256(
            abi.encode(GUARDIANSHIP_END_TYPEHASH, ward, guardian, version)
        );
        _authorise(signer, message, signature);
        _end(signer, ward, guardian, version);
    }

    /// @inheritdoc IGuardians
    function setPlan(bytes32 planHash, uint32 delaySeconds, uint32 version) external {
        _checkSender(msg.sender);
        _setPlan(msg.sender, planHash, delaySeconds, version);
    }

    /// @inheritdoc IGuardians
    function setPlanBySig(
        address account,
        bytes32 planHash,
        uint32 delaySeconds,
        uint32 version,
        bytes calldata signature
    ) external {
        bytes32 message = keccak256(
            abi.encode(RECOVERY_PLAN_TYPEHASH, account, planHash, delaySeconds, version)
        );
        _authorise(account, message, signature);
        _setPlan(account, planHash, delaySeconds, version);
    }

    /// @inheritdoc IGuardians
    function propose(
        address account,
        address successor,
        uint32 round,
        RecoveryPlan calldata plan,
        bytes[] calldata signatures
    ) external {
        bytes32 planHash = planHashOf(plan);
        if (_planHashes[account] != planHash) revert GuardiansWrongPlan(account, planHash);
        if (successor == address(0) || successor == account || successor == _successors[account]) {
            revert GuardiansBadSuccessor(successor);
        }
        uint256 word = _recoveries[account];
        if (RecoveryWords.status(word) == RecoveryWords.PENDING) revert GuardiansPending(account);
        if (round != uint256(RecoveryWords.round(word)) + 1) {
            revert GuardiansStaleVersion(
                _recoveryKeyOf(account), round, RecoveryWords.round(word)
            );
        }
        uint256 planWord = _plans[account];
        bytes32 message = keccak256(
            abi.encode(
                RECOVERY_TYPEHASH, account, successor, PlanWords.version(planWord), round
            )
        );
        _checkHelpers(message, plan, signatures);
        _candidates[account] = successor;
        uint40 readyAt = uint40(block.timestamp) + PlanWords.delaySeconds(planWord);
        _setRecovery(account, RecoveryWords.pack(RecoveryWords.PENDING, round, readyAt, 0));
    }

    /// @inheritdoc IGuardians
    function veto(uint32 round) external {
        _checkSender(msg.sender);
        _veto(msg.sender, round);
    }

    /// @inheritdoc IGuardians
    function vetoBySig(address account, uint32 round, bytes calldata signature) external {
        _authorise(account, keccak256(abi.encode(VETO_TYPEHASH, account, round)), signature);
        _veto(account, round);
    }

    /// @inheritdoc IGuardians
    function complete(address account) external {
        uint256 word = _recoveries[account];
        uint32 round = RecoveryWords.round(word);
        if (RecoveryWords.status(word) != RecoveryWords.PENDING) {
            revert GuardiansNotPending(account, round);
        }
        uint40 readyAt = RecoveryWords.readyAt(word);
        if (block.timestamp < readyAt) revert GuardiansNotReady(account, readyAt);
        uint32 bindingEpoch = AccountWords.bindingEpoch(_directory.accountWord(account)) + 1;
        _successors[account] = _candidates[account];
        _setRecovery(
            account, RecoveryWords.pack(RecoveryWords.DONE, round, readyAt, bindingEpoch)
        );
        // The Directory asks the account, and the account asks `vouches`, which finds it recovered.
        _directory.setBindingEpochBySig(
            account, bindingEpoch, abi.encode(address(0), RECOVERED, "", "")
        );
    }

    /// @inheritdoc IGuardians
    function vouches(address account, bytes32 digest, bytes calldata proof)
        external
        view
        returns (bool)
    {
        (address signer, uint8 kind, bytes memory fields, bytes memory signature) =
            abi.decode(proof, (address, uint8, bytes, bytes));
        if (kind == RECOVERED) return digest == _recoveredDigest(account);
        if (kind == SUCCESSOR) {
            if (signer != _successors[account]) return false;
        } else {
            (uint16 right, bytes32 typeHash, bytes32 domain) = _rightOf(kind);
            bytes32 message = keccak256(
                abi.encodePacked(typeHash, bytes32(uint256(uint160(account))), fields)
            );
            if (right == 0 || digest != _digest(domain, message)) return false;
            if (!holds(account, signer, right)) return false;
        }
        (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecover(digest, signature);
        return problem == ECDSA.RecoverError.NoError && recovered == signer;
    }

    /// @inheritdoc IGuardians
    function holds(address ward, address guardian, uint16 rights) public view returns (bool) {
        uint256 word = _guardianships[guardianshipKeyOf(ward, guardian)];
        return rights != 0 && word.status() == GuardianWords.STANDING
            && word.rights() & rights == rights && block.timestamp < word.until()
            && word.epoch() == OwnerWords.epoch(_grants.ownerWord(ward));
    }

    /// @inheritdoc IGuardians
    function isWired(address account) external view returns (bool) {
        (bool answered, bytes memory answer) =
            account.staticcall(abi.encodeWithSelector(WardAccount.guardians.selector));
        return answered && answer.length == 32
            && bytes32(answer) == bytes32(uint256(uint160(address(this))));
    }

    /// @inheritdoc IGuardians
    function guardianshipWord(address ward, address guardian) external view returns (uint256) {
        return _guardianships[guardianshipKeyOf(ward, guardian)];
    }

    /// @inheritdoc IGuardians
    function planOf(address account) external view returns (uint256 word, bytes32 planHash) {
        return (_plans[account], _planHashes[account]);
    }

    /// @inheritdoc IGuardians
    function recoveryOf(address account) external view returns (uint256 word, address candidate) {
        return (_recoveries[account], _candidates[account]);
    }

    /// @inheritdoc IGuardians
    function successorOf(address account) external view returns (address) {
        return _successors[account];
    }

    /// @inheritdoc IGuardians
    function guardianshipKeyOf(address ward, address guardian) public pure returns (bytes32) {
        return keccak256(abi.encode(ward, guardian));
    }

    /// @inheritdoc IGuardians
    function planHashOf(RecoveryPlan calldata plan) public pure returns (bytes32) {
        uint256 count = plan.helpers.length;
        if (count > HELPERS_MAX || plan.threshold == 0 || plan.threshold > count) {
            revert GuardiansBadPlan(count, plan.threshold);
        }
        address last = address(0);
        for (uint256 i = 0; i < count; ++i) {
            if (plan.helpers[i] <= last) revert GuardiansBadPlan(count, plan.threshold);
            last = plan.helpers[i];
        }
        return keccak256(abi.encode(plan.salt, plan.threshold, plan.helpers));
    }

    function _appoint(
        address ward,
        address guardian,
        uint16 rights,
        uint64 until,
        uint32 epoch,
        uint32 version
    ) private {
        if (
            guardian == address(0) || guardian == ward || rights == 0
                || rights & ~GuardianWords.ALL != 0 || until <= block.timestamp
                || until > type(uint40).max
        ) revert GuardiansBadTerms(guardian, rights, until);
        uint32 stored = OwnerWords.epoch(_grants.ownerWord(ward));
        if (epoch != stored) revert GuardiansWrongEpoch(ward, epoch, stored);
        bytes32 key = _checkVersion(ward, guardian, version);
        _setGuardianship(
            key,
            GuardianWords.pack(GuardianWords.STANDING, rights, epoch, version, uint40(until))
        );
    }

    function _end(address signer, address ward, address guardian, uint32 version) private {
        if (signer != ward && signer != guardian) revert GuardiansNotParty(signer);
        bytes32 key = _checkVersion(ward, guardian, version);
        _setGuardianship(key, GuardianWords.pack(GuardianWords.ENDED, 0, 0, version, 0));
    }

    function _setGuardianship(bytes32 key, uint256 word) private {
        _guardianships[key] = word;
        emit Changed(key, word);
    }

    function _setPlan(address account, bytes32 planHash, uint32 delaySeconds, uint32 version)
        private
    {
        bool fits = planHash == 0
            ? delaySeconds == 0
            : delaySeconds >= DELAY_MIN_SECONDS && delaySeconds <= DELAY_MAX_SECONDS;
        if (!fits) revert GuardiansBadDelay(planHash, delaySeconds);
        bytes32 key = bytes32(uint256(uint160(account)));
        uint32 stored = PlanWords.version(_plans[account]);
        if (version <= stored) revert GuardiansStaleVersion(key, version, stored);
        _planHashes[account] = planHash;
        uint256 word = PlanWords.pack(version, delaySeconds);
        _plans[account] = word;
        emit Changed(key, word);
        uint256 recovery = _recoveries[account];
        if (RecoveryWords.status(recovery) == RecoveryWords.PENDING) {
            _veto(account, RecoveryWords.round(recovery));
        }
    }

    function _veto(address account, uint32 round) private {
        uint256 word = _recoveries[account];
        if (
            RecoveryWords.status(word) != RecoveryWords.PENDING
                || RecoveryWords.round(word) != round
        ) revert GuardiansNotPending(account, round);
        _setRecovery(account, RecoveryWords.pack(RecoveryWords.VETOED, round, 0, 0));
    }

    function _setRecovery(address account, uint256 word) private {
        _recoveries[account] = word;
        emit Changed(_recoveryKeyOf(account), word);
    }

    /// @dev Once somebody succeeded, the lost key says nothing here any more.
    function _authorise(address account, bytes32 message, bytes calldata signature) private view {
        address successor = _successors[account];
        _checkSignature(successor == address(0) ? account : successor, message, signature);
    }

    function _checkSender(address account) private view {
        address successor = _successors[account];
        if (successor != address(0)) revert GuardiansSucceeded(account, successor);
    }

    function _checkVersion(address ward, address guardian, uint32 version)
        private
        view
        returns (bytes32 key)
    {
        key = guardianshipKeyOf(ward, guardian);
        uint32 stored = _guardianships[key].version();
        if (version <= stored) revert GuardiansStaleVersion(key, version, stored);
    }

    function _checkHelpers(
        bytes32 message,
        RecoveryPlan calldata plan,
        bytes[] calldata signatures
    ) private view {
        bytes32 digest = _digest(domainSeparator(), message);
        uint256 count = 0;
        for (uint256 i = 0; i < signatures.length; ++i) {
            if (signatures[i].length == 0) continue;
            (address recovered, ECDSA.RecoverError problem,) =
                ECDSA.tryRecoverCalldata(digest, signatures[i]);
            if (
                problem != ECDSA.RecoverError.NoError || i >= plan.helpers.length
                    || recovered != plan.helpers[i]
            ) revert GuardiansBadHelper(i);
            ++count;
        }
        if (count < plan.threshold) revert GuardiansTooFewHelpers(count, plan.threshold);
    }

    /// @dev What a right may sign: rights that do not exist sign nothing.
    function _rightOf(uint8 kind)
        private
        view
        returns (uint16 right, bytes32 typeHash, bytes32 domain)
    {
        if (kind == WISH) {
            return (GuardianWords.WISH, WISH_TYPEHASH, _emergency.domainSeparator());
        }
        domain = _grants.domainSeparator();
        if (kind == GRANTS) return (GuardianWords.GRANT, GRANTS_TYPEHASH, domain);
        if (kind == REVOCATIONS) return (GuardianWords.REVOKE, REVOCATIONS_TYPEHASH, domain);
        if (kind == OPT_OUT) {
            return (GuardianWords.GRANT | GuardianWords.REVOKE, OPT_OUT_TYPEHASH, domain);
        }
    }

    /// @dev Of the binding epoch that this account's recovery sets; nothing before it is done.
    function _recoveredDigest(address account) private view returns (bytes32) {
        uint256 word = _recoveries[account];
        if (RecoveryWords.status(word) != RecoveryWords.DONE) return 0;
        uint32 bindingEpoch = RecoveryWords.bindingEpoch(word);
        bytes32 message = keccak256(abi.encode(BINDING_EPOCH_TYPEHASH, account, bindingEpoch));
        return _digest(_directory.domainSeparator(), message);
    }

    function _digest(bytes32 domain, bytes32 message) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, message));
    }

    function _recoveryKeyOf(address account) private pure returns (bytes32) {
        return keccak256(abi.encode(account));
    }
}
