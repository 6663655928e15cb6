// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITypedMessages} from "./ITypedMessages.sol";
import {GrantOpening, NoticeId} from "../types/Ids.sol";

/// @title Emergencies: what an owner wishes for them, and that a glass was broken.
/// @notice Storage slot 0 maps owner to her wish, slot 1 keccak256(abi.encode(owner, openingHash))
/// to a notice, whose word is a grant's with flags 1; frozen (SECURITY.md §7). Slot 2 has the
/// notice's review, slot 3 its outcome. The gate reads the wish and checks the clinicians'
/// signatures itself, so it never waits for a notice, which allows nothing: it is what the
/// clinicians owe afterwards. An opening stays off chain here too; who holds one asks `examine`.
interface IEmergency is ITypedMessages {
    /// @notice A word changed. `key` is an owner, left-padded, a notice's id, or a review's key; an
    /// outcome shows in no event.
    event Changed(bytes32 indexed key, uint256 word);

    /// @notice The constructor needs Directory, GrantRegistry, a quorum of 2–5, and 1 h – 90 d.
    error EmergencyBadSettings(address directory, address grants, uint8 quorum, uint40 seconds_);

    /// @notice A wish is 1 (yes), 2 (only in an emergency) or 3 (not even then).
    error EmergencyUnknownWish(uint8 wish);

    /// @notice A wish's version must be higher than the stored one.
    error EmergencyStaleWish(address owner, uint64 version, uint64 stored);

    /// @notice Opening, reason and outcome are never zero.
    error EmergencyZeroHash();

    /// @notice The owner wished for no emergency access, or for nothing at all.
    error EmergencyUnwished(address owner, uint8 wish);

    /// @notice The epoch is not the owner's present one; 0 stands for an owner who never acted.
    error EmergencyWrongEpoch(address owner, uint32 epoch, uint32 stored);

    /// @notice Fewer signatures than the quorum, or more than 5.
    error EmergencySignerCount(uint256 count, uint256 quorum);

    /// @notice The signature at this place is nobody's.
    error EmergencyBadSignature(uint256 index);

    /// @notice Signatures stand in the ascending order of their accounts, each once.
    error EmergencySignerOrder(address account);

    /// @notice The signer is no clinician of an active organisation; its two Directory words.
    error EmergencyNotClinician(address account, uint256 accountWord, uint256 organisationWord);

    /// @notice An emergency's opening is for one account and one purpose (bit 3 or 4), for 1–24 h.
    error EmergencyBadOpening(
        uint8 granteeKind, uint32 purposes, uint64 notBefore, uint64 notAfter
    );

    /// @notice Who asks must be among those who sign.
    error EmergencyRequesterMissing(bytes32 grantee);

    /// @notice The notice was given already.
    error EmergencyAlreadyNoticed(NoticeId notice);

    /// @notice There is no such notice, or it was reviewed already; the review's status.
    error EmergencyNotOpen(NoticeId notice, uint8 status);

    /// @notice The sender is no admin of an active organisation to which none of the signers belong;
    /// its two Directory words.
    error EmergencyNotReviewer(address account, uint256 accountWord, uint256 organisationWord);

    /// @notice Sets the sender's wish. Who never wished cannot be reached in an emergency.
    /// @param version Any version above the stored one.
    function setWish(uint8 wish, uint64 version) external;

    /// @notice The same by the owner's signature of a `Wish` message.
    function setWishBySig(address owner, uint8 wish, uint64 version, bytes calldata signature)
        external;

    /// @notice Gives notice that clinicians broke the glass, and opens its review. Anyone may relay.
    /// @param reasonHash Hash of the reason and of a salt: never of the reason alone.
    /// @param epoch The owner's present epoch.
    /// @param signatures Of `BreakGlass` messages, by the clinicians' own keys, 65 bytes each; from
    /// the quorum up to 5, in the ascending order of their accounts.
    function breakGlass(
        address owner,
        bytes32 openingHash,
        bytes32 reasonHash,
        uint32 epoch,
        bytes[] calldata signatures
    ) external;

    /// @notice Closes a review in the name of another organisation than the signers', by its admin.
    /// May come late, which its word then shows.
    /// @param outcomeHash Hash of the findings and of a salt.
    function review(NoticeId notice, bytes32 outcomeHash) external;

    /// @notice Closes a review by the owner, who is the sender.
    function reviewOwn(bytes32 openingHash, bytes32 outcomeHash) external;

    /// @notice The same by the owner's signature of a `Review` message.
    function reviewOwnBySig(
        address owner,
        bytes32 openingHash,
        bytes32 outcomeHash,
        bytes calldata signature
    ) external;

    /// @notice Reverts unless this breaks the glass rightly: all that `breakGlass` checks, but for a
    /// notice that was given already, and the opening's own terms. To be called, never sent: a
    /// transaction would publish the opening.
    /// @return signers Who signed, ascending.
    function examine(
        address owner,
        GrantOpening calldata opening,
        bytes32 reasonHash,
        uint32 epoch,
        bytes[] calldata signatures
    ) external view returns (address[] memory signers);

    /// @notice Whether a review is still open after its time.
    function overdue(NoticeId notice) external view returns (bool);

    /// @notice The owner's wish; zero if she never wished.
    function wishWord(address owner) external view returns (uint256);

    /// @notice The notice's word; zero if none was given.
    function noticeWord(NoticeId notice) external view returns (uint256);

    /// @notice The review's word: status 1 open, 2 done; zero without a notice.
    function reviewWord(NoticeId notice) external view returns (uint256);

    /// @notice What a review found, hashed; zero while it is open.
    function outcomeOf(NoticeId notice) external view returns (bytes32);

    /// @notice The Directory whose words decide who is a clinician or reviewer.
    function directory() external view returns (address);

    /// @notice The GrantRegistry whose words have the owners' epochs.
    function grants() external view returns (address);

    /// @notice How many clinicians must sign, and how long a review may take, in seconds.
    function settings() external view returns (uint8 quorum, uint40 reviewSeconds);

    /// @notice keccak256(abi.encode(owner, openingHash)).
    function noticeIdOf(address owner, bytes32 openingHash) external pure returns (NoticeId);

    /// @notice keccak256(abi.encode(notice)): its own key, so that no event is taken for the other.
    function reviewKeyOf(NoticeId notice) external pure returns (bytes32);
}
