// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IDirectory} from "./interfaces/IDirectory.sol";
import {IEmergency} from "./interfaces/IEmergency.sol";
import {IGrantRegistry} from "./interfaces/IGrantRegistry.sol";
import {TypedMessages} from "./TypedMessages.sol";
import {GrantOpening, NoticeId} from "./types/Ids.sol";
import {
    BREAK_GLASS_TYPEHASH,
    GRANT_OPENING_TYPEHASH,
    REVIEW_TYPEHASH,
    WISH_TYPEHASH
} from "./types/TypeHashes.sol";
import {
    AccountWords,
    GrantWords,
    OwnerWords,
    ReviewWords,
    Roles,
    StandingWords,
    WishWords
} from "./types/Words.sol";

/// @title Emergencies: what an owner wishes for them, and that a glass was broken.
/// @notice See IEmergency. A notice writes two words, a review two.
contract Emergency is IEmergency, TypedMessages {
    uint256 private constant QUORUM_MIN = 2;
    uint256 private constant REVIEW_MIN_SECONDS = 1 hours;
    uint256 private constant REVIEW_MAX_SECONDS = 90 days;
    uint256 private constant SPAN_MIN_SECONDS = 1 hours;
    uint256 private constant SPAN_MAX_SECONDS = 24 hours;

    uint8 private constant KIND_ACCOUNT = 1;
    uint32 private constant EMERGENCY_TREATMENT = 1 << 3;
    uint32 private constant BREAK_THE_GLASS = 1 << 4;

    mapping(address owner => uint256 word) private _wishes; // slot 0, frozen
    mapping(NoticeId notice => uint256 word) private _notices; // slot 1, frozen
    mapping(bytes32 reviewKey => uint256 word) private _reviews;
    mapping(NoticeId notice => bytes32 outcomeHash) private _outcomes;

    IDirectory private immutable _directory;
    IGrantRegistry private immutable _grants;
    uint8 private immutable _quorum;
    uint40 private immutable _reviewSeconds;

    /// @param directory_ Says who is a clinician, and of which organisation.
    /// @param grants_ Has the owners' epochs.
    /// @param quorum Clinicians who must sign; what the gates of this deployment ask, too.
    /// @param reviewSeconds How long a review may take.
    constructor(
        IDirectory directory_,
        IGrantRegistry grants_,
        uint8 quorum,
        uint40 reviewSeconds
    ) {
        if (
            address(directory_) == address(0) || address(grants_) == address(0)
                || quorum < QUORUM_MIN || quorum > ReviewWords.SIGNERS_MAX
                || reviewSeconds < REVIEW_MIN_SECONDS || reviewSeconds > REVIEW_MAX_SECONDS
        ) {
            revert EmergencyBadSettings(
                address(directory_), address(grants_), quorum, reviewSeconds
            );
        }
        _directory = directory_;
        _grants = grants_;
        _quorum = quorum;
        _reviewSeconds = reviewSeconds;
    }

    /// @inheritdoc IEmergency
    function setWish(uint8 wish, uint64 version) external {
        _setWish(msg.sender, wish, version);
    }

    /// @inheritdoc IEmergency
    function setWishBySig(address owner, uint8 wish, uint64 version, bytes calldata signature)
        external
    {
        bytes32 message = keccak256(abi.encode(WISH_TYPEHASH, owner, wish, version));
        _checkSignature(owner, message, signature);
        _setWish(owner, wish, version);
    }

    /// @inheritdoc IEmergency
    function breakGlass(
        address owner,
        bytes32 openingHash,
        bytes32 reasonHash,
        uint32 epoch,
        bytes[] calldata signatures
    ) external {
        NoticeId notice = noticeIdOf(owner, openingHash);
        if (_notices[notice] != 0) revert EmergencyAlreadyNoticed(notice);
        address[] memory signers = _checkGlass(owner, openingHash, reasonHash, epoch, signatures);
        uint160 organisations = _organisationsOf(signers);
        uint256 word = GrantWords.pack(GrantWords.ACTIVE, epoch, 1) | GrantWords.NOTICE_FLAG;
        _notices[notice] = word;
        emit Changed(NoticeId.unwrap(notice), word);
        uint40 dueAt = uint40(block.timestamp) + _reviewSeconds;
        _setReview(notice, ReviewWords.pack(ReviewWords.OPEN, dueAt, organisations));
    }

    /// @inheritdoc IEmergency
    function review(NoticeId notice, bytes32 outcomeHash) external {
        (uint256 word, uint256 organisation) = _directory.standing(msg.sender);
        if (
            AccountWords.status(word) != AccountWords.OPEN
                || AccountWords.roles(word) & Roles.ADMIN == 0
                || StandingWords.status(organisation) != StandingWords.ACTIVE
                || ReviewWords.names(
                    _reviews[reviewKeyOf(notice)], AccountWords.organisation(word)
                )
        ) revert EmergencyNotReviewer(msg.sender, word, organisation);
        _close(notice, outcomeHash);
    }

    /// @inheritdoc IEmergency
    function reviewOwn(bytes32 openingHash, bytes32 outcomeHash) external {
        _close(noticeIdOf(msg.sender, openingHash), outcomeHash);
    }

    /// @inheritdoc IEmergency
    function reviewOwnBySig(
        address owner,
        bytes32 openingHash,
        bytes32 outcomeHash,
        bytes calldata signature
    ) external {
        bytes32 message = keccak256(abi.encode(REVIEW_TYPEHASH, owner, openingHash, outcomeHash));
        _checkSignature(owner, message, signature);
        _close(noticeIdOf(owner, openingHash), outcomeHash);
    }

    /// @inheritdoc IEmergency
    function examine(
        address owner,
        GrantOpening calldata opening,
        bytes32 reasonHash,
        uint32 epoch,
        bytes[] calldata signatures
    ) external view returns (address[] memory signers) {
        _checkOpening(opening);
        bytes32 openingHash = keccak256(abi.encode(GRANT_OPENING_TYPEHASH, opening));
        signers = _checkGlass(owner, openingHash, reasonHash, epoch, signatures);
        _organisationsOf(signers);
        for (uint256 i = 0; i < signers.length; ++i) {
            if (bytes32(uint256(uint160(signers[i]))) == opening.grantee) return signers;
        }
        revert EmergencyRequesterMissing(opening.grantee);
    }

    /// @inheritdoc IEmergency
    function overdue(NoticeId notice) external view returns (bool) {
        uint256 word = _reviews[reviewKeyOf(notice)];
        return ReviewWords.status(word) == ReviewWords.OPEN
            && block.timestamp > ReviewWords.dueAt(word);
    }

    /// @inheritdoc IEmergency
    function wishWord(address owner) external view returns (uint256) {
        return _wishes[owner];
    }

    /// @inheritdoc IEmergency
    function noticeWord(NoticeId notice) external view returns (uint256) {
        return _notices[notice];
    }

    /// @inheritdoc IEmergency
    function reviewWord(NoticeId notice) external view returns (uint256) {
        return _reviews[reviewKeyOf(notice)];
    }

    /// @inheritdoc IEmergency
    function outcomeOf(NoticeId notice) external view returns (bytes32) {
        return _outcomes[notice];
    }

    /// @inheritdoc IEmergency
    function directory() external view returns (address) {
        return address(_directory);
    }

    /// @inheritdoc IEmergency
    function grants() external view returns (address) {
        return address(_grants);
    }

    /// @inheritdoc IEmergency
    function settings() external view returns (uint8 quorum, uint40 reviewSeconds) {
        return (_quorum, _reviewSeconds);
    }

    /// @inheritdoc IEmergency
    function noticeIdOf(address owner, bytes32 openingHash) public pure returns (NoticeId) {
        return NoticeId.wrap(keccak256(abi.encode(owner, openingHash)));
    }

    /// @inheritdoc IEmergency
    function reviewKeyOf(NoticeId notice) public pure returns (bytes32) {
        return keccak256(abi.encode(notice));
    }

    function _setWish(address owner, uint8 wish, uint64 version) private {
        if (wish < WishWords.YES || wish > WishWords.NOT_EVEN_THEN) {
            revert EmergencyUnknownWish(wish);
        }
        uint64 stored = WishWords.version(_wishes[owner]);
        if (version <= stored) revert EmergencyStaleWish(owner, version, stored);
        uint256 word = WishWords.pack(wish, version);
        _wishes[owner] = word;
        emit Changed(bytes32(uint256(uint160(owner))), word);
    }

    function _close(NoticeId notice, bytes32 outcomeHash) private {
        if (outcomeHash == 0) revert EmergencyZeroHash();
        uint256 word = _reviews[reviewKeyOf(notice)];
        uint8 status = ReviewWords.status(word);
        if (status != ReviewWords.OPEN) revert EmergencyNotOpen(notice, status);
        _outcomes[notice] = outcomeHash;
        uint160 organisations = ReviewWords.organisations(word);
        _setReview(
            notice, ReviewWords.pack(ReviewWords.DONE, ReviewWords.dueAt(word), organisations)
        );
    }

    function _setReview(NoticeId notice, uint256 word) private {
        bytes32 key = reviewKeyOf(notice);
        _reviews[key] = word;
        emit Changed(key, word);
    }

    /// @dev Everything that can be told without the opening; who the signers are comes after.
    function _checkGlass(
        address owner,
        bytes32 openingHash,
        bytes32 reasonHash,
        uint32 epoch,
        bytes[] calldata signatures
    ) private view returns (address[] memory) {
        if (openingHash == 0 || reasonHash == 0) revert EmergencyZeroHash();
        uint8 wish = WishWords.wish(_wishes[owner]);
        if (wish != WishWords.YES && wish != WishWords.ONLY_IN_EMERGENCY) {
            revert EmergencyUnwished(owner, wish);
        }
        uint256 word = _grants.ownerWord(owner);
        uint32 stored = word == 0 ? 0 : OwnerWords.epoch(word);
        if (word == 0 || epoch != stored) revert EmergencyWrongEpoch(owner, epoch, stored);
        bytes32 message = keccak256(
            abi.encode(BREAK_GLASS_TYPEHASH, owner, openingHash, reasonHash, epoch)
        );
        return _recover(message, signatures);
    }

    /// @dev Recovers only: a clinician signs with the key that the Directory knows. Ascending, so
    /// that none counts twice.
    function _recover(bytes32 message, bytes[] calldata signatures)
        private
        view
        returns (address[] memory signers)
    {
        uint256 count = signatures.length;
        if (count < _quorum || count > ReviewWords.SIGNERS_MAX) {
            revert EmergencySignerCount(count, _quorum);
        }
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domainSeparator(), message));
        signers = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            (address signer, ECDSA.RecoverError problem,) =
                ECDSA.tryRecoverCalldata(digest, signatures[i]);
            if (problem != ECDSA.RecoverError.NoError) revert EmergencyBadSignature(i);
            if (i > 0 && signer <= signers[i - 1]) revert EmergencySignerOrder(signer);
            signers[i] = signer;
        }
    }

    /// @dev Each must be a clinician of an active organisation; that of each in turn, 32 bits.
    function _organisationsOf(address[] memory signers) private view returns (uint160 packed) {
        for (uint256 i = 0; i < signers.length; ++i) {
            (uint256 word, uint256 organisation) = _directory.standing(signers[i]);
            if (
                AccountWords.status(word) != AccountWords.OPEN
                    || AccountWords.roles(word) & Roles.CLINICIAN == 0
                    || StandingWords.status(organisation) != StandingWords.ACTIVE
            ) revert EmergencyNotClinician(signers[i], word, organisation);
            packed |= uint160(AccountWords.organisation(word)) << uint160(32 * i);
        }
    }

    function _checkOpening(GrantOpening calldata opening) private pure {
        (uint64 from, uint64 to) = (opening.notBefore, opening.notAfter);
        if (
            opening.granteeKind != KIND_ACCOUNT
                || (opening.purposes != EMERGENCY_TREATMENT && opening.purposes != BREAK_THE_GLASS)
                || to < from || to - from < SPAN_MIN_SECONDS || to - from > SPAN_MAX_SECONDS
        ) revert EmergencyBadOpening(opening.granteeKind, opening.purposes, from, to);
    }
}
