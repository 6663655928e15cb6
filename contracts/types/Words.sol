// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// The packed words that the release gate proves from storage: bit ranges from the lowest, all
// others zero (SECURITY.md §7). Frozen: a proof taken today must read the same for ever.

/// @notice status 0–7 · epoch 8–39 · version 40–103 · changedAt 104–143 · flags 144–151 (0, in a
/// notice of Emergency 1) · changedBlock 152–199.
library GrantWords {
    uint8 internal constant ACTIVE = 1;
    uint8 internal constant REVOKED = 2;

    /// @dev So that no reader takes a notice for a grant, whatever slot it is shown from.
    uint256 internal constant NOTICE_FLAG = uint256(1) << 144;

    function pack(uint8 status_, uint32 epoch_, uint64 version_) internal view returns (uint256) {
        return uint256(status_) | (uint256(epoch_) << 8) | (uint256(version_) << 40)
            | (uint256(uint40(block.timestamp)) << 104) | (uint256(uint48(block.number)) << 152);
    }

    function status(uint256 word) internal pure returns (uint8) {
        return uint8(word);
    }

    function epoch(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 8);
    }

    function version(uint256 word) internal pure returns (uint64) {
        return uint64(word >> 40);
    }
}

/// @notice wish 0–7 · version 8–71 · changedAt 72–111.
library WishWords {
    uint8 internal constant YES = 1;
    uint8 internal constant ONLY_IN_EMERGENCY = 2;
    uint8 internal constant NOT_EVEN_THEN = 3;

    function pack(uint8 wish_, uint64 version_) internal view returns (uint256) {
        return uint256(wish_) | (uint256(version_) << 8)
            | (uint256(uint40(block.timestamp)) << 72);
    }

    function wish(uint256 word) internal pure returns (uint8) {
        return uint8(word);
    }

    function version(uint256 word) internal pure returns (uint64) {
        return uint64(word >> 8);
    }
}

/// @notice status 0–7 · changedAt 8–47 · dueAt 48–87 · organisations of the signers 88–247, five of
/// 32 bits. Not read by the gate.
library ReviewWords {
    uint8 internal constant OPEN = 1;
    uint8 internal constant DONE = 2;

    /// @dev As many organisations as the word has room for.
    uint256 internal constant SIGNERS_MAX = 5;

    function pack(uint8 status_, uint40 dueAt_, uint160 organisations_)
        internal
        view
        returns (uint256)
    {
        return uint256(status_) | (uint256(uint40(block.timestamp)) << 8)
            | (uint256(dueAt_) << 48) | (uint256(organisations_) << 88);
    }

    function status(uint256 word) internal pure returns (uint8) {
        return uint8(word);
    }

    function dueAt(uint256 word) internal pure returns (uint40) {
        return uint40(word >> 48);
    }

    function organisations(uint256 word) internal pure returns (uint160) {
        return uint160(word >> 88);
    }

    /// @dev Whether an account of this organisation signed.
    function names(uint256 word, uint32 organisation_) internal pure returns (bool) {
        for (uint256 i = 0; i < SIGNERS_MAX; ++i) {
            if (uint32(word >> (88 + 32 * i)) == organisation_) return true;
        }
        return false;
    }
}

/// @notice status 0–7 · rights 8–23 · epoch 24–55 · version 56–87 · until 88–127 · changedAt
/// 128–167. Not read by the gate.
library GuardianWords {
    uint8 internal constant STANDING = 1;
    uint8 internal constant ENDED = 2;

    uint16 internal constant GRANT = 1;
    uint16 internal constant REVOKE = 2;
    uint16 internal constant WISH = 4;
    uint16 internal constant ALL = 7;

    function pack(uint8 status_, uint16 rights_, uint32 epoch_, uint32 version_, uint40 until_)
        internal
        view
        returns (uint256)
    {
        return uint256(status_) | (uint256(rights_) << 8) | (uint256(epoch_) << 24)
            | (uint256(version_) << 56) | (uint256(until_) << 88)
            | (uint256(uint40(block.timestamp)) << 128);
    }

    function status(uint256 word) internal pure returns (uint8) {
        return uint8(word);
    }

    function rights(uint256 word) internal pure returns (uint16) {
        return uint16(word >> 8);
    }

    function epoch(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 24);
    }

    function version(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 56);
    }

    function until(uint256 word) internal pure returns (uint40) {
        return uint40(word >> 88);
    }
}

/// @notice version 0–31 · delay in seconds 32–63 · changedAt 64–103. Not read by the gate.
library PlanWords {
    function pack(uint32 version_, uint32 delaySeconds_) internal view returns (uint256) {
        return uint256(version_) | (uint256(delaySeconds_) << 32)
            | (uint256(uint40(block.timestamp)) << 64);
    }

    function version(uint256 word) internal pure returns (uint32) {
        return uint32(word);
    }

    function delaySeconds(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 32);
    }
}

/// @notice status 0–7 · round 8–39 · readyAt 40–79 · bindingEpoch 80–111 · changedAt 112–151. Not
/// read by the gate.
library RecoveryWords {
    uint8 internal constant PENDING = 1;
    uint8 internal constant VETOED = 2;
    uint8 internal constant DONE = 3;

    function pack(uint8 status_, uint32 round_, uint40 readyAt_, uint32 bindingEpoch_)
        internal
        view
        returns (uint256)
    {
        return uint256(status_) | (uint256(round_) << 8) | (uint256(readyAt_) << 40)
            | (uint256(bindingEpoch_) << 80) | (uint256(uint40(block.timestamp)) << 112);
    }

    function status(uint256 word) internal pure returns (uint8) {
        return uint8(word);
    }

    function round(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 8);
    }

    function readyAt(uint256 word) internal pure returns (uint40) {
        return uint40(word >> 40);
    }

    function bindingEpoch(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 80);
    }
}

/// @notice toSeq 0–63 · changedAt 64–103. Read by whoever audits a log, not by the gate.
library AnchorWords {
    function pack(uint64 toSeq_) internal view returns (uint256) {
        return uint256(toSeq_) | (uint256(uint40(block.timestamp)) << 64);
    }

    function toSeq(uint256 word) internal pure returns (uint64) {
        return uint64(word);
    }
}

/// @notice status 0–7 (1) · epoch 8–39 · changedAt 40–79 · optOut 80–111 · optOut version 112–143.
library OwnerWords {
    uint8 internal constant OPEN = 1;

    /// @dev An owner who never wrote counts as epoch 1, so that her first grants can be signed.
    uint32 internal constant FIRST_EPOCH = 1;

    function pack(uint32 epoch_, uint32 optOut_, uint32 optOutVersion_)
        internal
        view
        returns (uint256)
    {
        return uint256(OPEN) | (uint256(epoch_) << 8) | (uint256(uint40(block.timestamp)) << 40)
            | (uint256(optOut_) << 80) | (uint256(optOutVersion_) << 112);
    }

    function epoch(uint256 word) internal pure returns (uint32) {
        return word == 0 ? FIRST_EPOCH : uint32(word >> 8);
    }

    function optOut(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 80);
    }

    function optOutVersion(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 112);
    }
}

/// @notice status 0–7 · shareEpoch 8–39 · changedAt 40–79 · confirmed 80–95 · rejected 96–111 ·
/// quorum 112–119 · barredOrg 120–151.
library RecordWords {
    uint8 internal constant STORED = 1;
    uint8 internal constant ATTESTED = 2;
    uint8 internal constant REJECTED = 3;
    uint8 internal constant SUPERSEDED = 4;
    uint8 internal constant ERASED = 5;

    uint256 private constant CHANGING = 0xff | (uint256(type(uint40).max) << 40);

    function pack(uint8 quorum_, uint32 barredOrg_) internal view returns (uint256) {
        return uint256(STORED) | (uint256(1) << 8) | (uint256(uint40(block.timestamp)) << 40)
            | (uint256(quorum_) << 112) | (uint256(barredOrg_) << 120);
    }

    function status(uint256 word) internal pure returns (uint8) {
        return uint8(word);
    }

    function shareEpoch(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 8);
    }

    function confirmed(uint256 word) internal pure returns (uint16) {
        return uint16(word >> 80);
    }

    function rejected(uint256 word) internal pure returns (uint16) {
        return uint16(word >> 96);
    }

    function quorum(uint256 word) internal pure returns (uint8) {
        return uint8(word >> 112);
    }

    function barredOrg(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 120);
    }

    function withStatus(uint256 word, uint8 status_) internal view returns (uint256) {
        return (word & ~CHANGING) | uint256(status_) | (uint256(uint40(block.timestamp)) << 40);
    }

    function withShareEpoch(uint256 word, uint32 shareEpoch_) internal view returns (uint256) {
        return withStatus(word & ~(uint256(type(uint32).max) << 8), status(word))
            | (uint256(shareEpoch_) << 8);
    }

    function withCounts(uint256 word, uint16 confirmed_, uint16 rejected_)
        internal
        pure
        returns (uint256)
    {
        return (word & ~(uint256(type(uint32).max) << 80)) | (uint256(confirmed_) << 80)
            | (uint256(rejected_) << 96);
    }
}

/// @notice verdict 0–7 · changedAt 40–79 · attester 80–239.
library VerdictWords {
    uint8 internal constant CONFIRMED = 1;
    uint8 internal constant REJECTED = 2;
    uint8 internal constant WITHDRAWN = 3;

    function pack(uint8 verdict_, address attester_) internal view returns (uint256) {
        return uint256(verdict_) | (uint256(uint40(block.timestamp)) << 40)
            | (uint256(uint160(attester_)) << 80);
    }

    function verdict(uint256 word) internal pure returns (uint8) {
        return uint8(word);
    }

    function attester(uint256 word) internal pure returns (address) {
        return address(uint160(word >> 80));
    }
}

/// @notice status 0–7 · bindingEpoch 8–39 · organisation 40–71 · roles 72–87 · changedAt 88–127.
library AccountWords {
    uint8 internal constant OPEN = 1;
    uint8 internal constant SUSPENDED = 2;

    function pack(uint8 status_, uint32 bindingEpoch_, uint32 organisation_, uint16 roles_)
        internal
        view
        returns (uint256)
    {
        return uint256(status_) | (uint256(bindingEpoch_) << 8) | (uint256(organisation_) << 40)
            | (uint256(roles_) << 72) | (uint256(uint40(block.timestamp)) << 88);
    }

    function status(uint256 word) internal pure returns (uint8) {
        return uint8(word);
    }

    function bindingEpoch(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 8);
    }

    function organisation(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 40);
    }

    function roles(uint256 word) internal pure returns (uint16) {
        return uint16(word >> 72);
    }
}

/// @notice Organisations and group members alike: status 0–7 · changedAt 8–47.
library StandingWords {
    uint8 internal constant ACTIVE = 1;
    uint8 internal constant SUSPENDED = 2;

    function pack(uint8 status_) internal view returns (uint256) {
        return uint256(status_) | (uint256(uint40(block.timestamp)) << 8);
    }

    function status(uint256 word) internal pure returns (uint8) {
        return uint8(word);
    }
}

/// @notice organisation 0–31 · roles 32–47 · version 48–79. Not read by the gate.
library ConsentWords {
    function pack(uint32 organisation_, uint16 roles_, uint32 version_)
        internal
        pure
        returns (uint256)
    {
        return uint256(organisation_) | (uint256(roles_) << 32) | (uint256(version_) << 48);
    }

    function organisation(uint256 word) internal pure returns (uint32) {
        return uint32(word);
    }

    function roles(uint256 word) internal pure returns (uint16) {
        return uint16(word >> 32);
    }

    function version(uint256 word) internal pure returns (uint32) {
        return uint32(word >> 48);
    }
}

/// @notice Role bits of an account (SECURITY.md §7).
library Roles {
    uint16 internal constant CUSTODIAN = 1;
    uint16 internal constant CLINICIAN = 2;
    uint16 internal constant ATTESTER = 4;
    uint16 internal constant RELAYER = 8;
    uint16 internal constant ADMIN = 16;
    uint16 internal constant RESEARCHER = 32;
    uint16 internal constant ALL = 63;
}
