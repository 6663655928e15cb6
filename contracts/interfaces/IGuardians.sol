// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITypedMessages} from "./ITypedMessages.sol";
import {RecoveryPlan} from "../types/Ids.sol";

/// @title Guardians: who may act for whom, and who gets a lost account back.
/// @notice Storage slot 0 maps keccak256(abi.encode(ward, guardian)) to a guardianship, slot 1 an
/// account to its recovery plan, slot 2 to the plan's hash, slot 3 to its recovery, slot 4 to the
/// successor that a recovery proposes, slot 5 to the one who succeeded; frozen. Nobody here writes
/// a ward's words: the other contracts ask the ward's account (ERC-1271), and an account whose code
/// is WardAccount asks `vouches`, which knows what each right may sign. So a guardian's grant is a
/// grant like any other, and the gate reads no word of this contract. Rights: 1 grant, 2 revoke,
/// 4 wish; opting in and out takes 1 and 2. To revoke everything is the ward's alone, and ends all
/// guardianships, which carry the epoch in which they were given.
interface IGuardians is ITypedMessages {
    /// @notice A word changed. `key` is a guardianship's key, an account, left-padded, for its plan,
    /// or keccak256(abi.encode(account)) for its recovery.
    event Changed(bytes32 indexed key, uint256 word);

    /// @notice The constructor needs the addresses of the other contracts.
    error GuardiansZeroContract();

    /// @notice A guardian is another account, has rights that exist, and an end that is to come.
    error GuardiansBadTerms(address guardian, uint16 rights, uint64 until);

    /// @notice The epoch is not the ward's present one.
    error GuardiansWrongEpoch(address ward, uint32 epoch, uint32 stored);

    /// @notice A version must be higher than the stored one.
    error GuardiansStaleVersion(bytes32 key, uint32 version, uint32 stored);

    /// @notice Only ward and guardian end their guardianship.
    error GuardiansNotParty(address account);

    /// @notice The account's successor speaks for it now, by signature.
    error GuardiansSucceeded(address account, address successor);

    /// @notice A plan waits 1–90 days; without one the delay is zero.
    error GuardiansBadDelay(bytes32 planHash, uint32 delaySeconds);

    /// @notice 1–8 helpers, ascending, none of them zero, and a threshold that they can reach.
    error GuardiansBadPlan(uint256 helpers, uint8 threshold);

    /// @notice The account has another plan, or none.
    error GuardiansWrongPlan(address account, bytes32 planHash);

    /// @notice A successor is another account.
    error GuardiansBadSuccessor(address successor);

    /// @notice One signature a helper, empty where it did not sign; as many as the plan asks.
    error GuardiansTooFewHelpers(uint256 count, uint8 threshold);

    /// @notice The helper at this place did not sign this.
    error GuardiansBadHelper(uint256 index);

    /// @notice A recovery is under way.
    error GuardiansPending(address account);

    /// @notice No recovery of this round is under way.
    error GuardiansNotPending(address account, uint32 round);

    /// @notice The owner still has time to veto.
    error GuardiansNotReady(address account, uint40 readyAt);

    /// @notice Gives a guardian rights over the sender's words, until an end.
    /// @param until The first second in which it no longer stands, Unix time: a minor's coming of age.
    /// @param epoch The ward's present epoch in GrantRegistry.
    /// @param version Any version above the stored one.
    function appoint(
        address guardian,
        uint16 rights,
        uint64 until,
        uint32 epoch,
        uint32 version
    ) external;

    /// @notice The same by the ward's signature of a `Guardianship` message.
    function appointBySig(
        address ward,
        address guardian,
        uint16 rights,
        uint64 until,
        uint32 epoch,
        uint32 version,
        bytes calldata signature
    ) external;

    /// @notice Ends a guardianship, by ward or guardian; on an empty slot too, so that one that was
    /// signed and not yet sent never begins.
    function end(address ward, address guardian, uint32 version) external;

    /// @notice The same by the signature of ward or guardian, of a `GuardianshipEnd` message.
    function endBySig(
        address signer,
        address ward,
        address guardian,
        uint32 version,
        bytes calldata signature
    ) external;

    /// @notice Sets who may recover the sender's account; a pending recovery ends, for its owner is
    /// there. Set it only where `isWired`, or no recovery can end older devices.
    /// @param planHash planHashOf a plan with a random salt, or zero for none.
    /// @param delaySeconds 1–90 days in which the owner may veto; zero without a plan.
    function setPlan(bytes32 planHash, uint32 delaySeconds, uint32 version) external;

    /// @notice The same by the owner's signature of a `RecoveryPlan` message.
    function setPlanBySig(
        address account,
        bytes32 planHash,
        uint32 delaySeconds,
        uint32 version,
        bytes calldata signature
    ) external;

    /// @notice Proposes a successor. Anyone may relay.
    /// @param round The account's last recovery round + 1.
    /// @param signatures Of `Recovery` messages by the helpers' own keys, in the plan's order.
    function propose(
        address account,
        address successor,
        uint32 round,
        RecoveryPlan calldata plan,
        bytes[] calldata signatures
    ) external;

    /// @notice Ends a pending recovery of the sender's account.
    function veto(uint32 round) external;

    /// @notice The same by the owner's signature of a `Veto` message.
    function vetoBySig(address account, uint32 round, bytes calldata signature) external;

    /// @notice Completes a recovery after its delay: the successor signs for the account from now
    /// on, and its binding epoch ends all older devices. The owner's epoch stays, and so do all
    /// grants. Anyone may call.
    function complete(address account) external;

    /// @notice Whether an account may take this signature of a digest for its own (ERC-1271).
    /// @param proof abi.encode(signer, kind, fields, signature). Kind 0: the account's successor, of
    /// anything. A guardian: 1 `Grants`, 2 `Revocations`, 3 `OptOut`, 4 `Wish`, whose `fields` are
    /// the words of its hashStruct after the owner. 5: the binding epoch of a recovery, unsigned.
    function vouches(address account, bytes32 digest, bytes calldata proof)
        external
        view
        returns (bool);

    /// @notice Whether a guardian has all of these rights over a ward now.
    function holds(address ward, address guardian, uint16 rights) external view returns (bool);

    /// @notice Whether an account's code asks this contract, as guardians and recovery need.
    function isWired(address account) external view returns (bool);

    /// @notice The guardianship's word; zero if there never was one.
    function guardianshipWord(address ward, address guardian) external view returns (uint256);

    /// @notice The word and the hash of an account's plan.
    function planOf(address account) external view returns (uint256 word, bytes32 planHash);

    /// @notice The word of an account's last recovery, and whom it proposed.
    function recoveryOf(address account) external view returns (uint256 word, address candidate);

    /// @notice Who speaks for the account now; zero: it does so itself.
    function successorOf(address account) external view returns (address);

    /// @notice keccak256(abi.encode(ward, guardian)).
    function guardianshipKeyOf(address ward, address guardian) external pure returns (bytes32);

    /// @notice keccak256(abi.encode(salt, threshold, helpers)); reverts for a plan that cannot work.
    function planHashOf(RecoveryPlan calldata plan) external pure returns (bytes32);
}
