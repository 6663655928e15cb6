// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AccountWords,
    AnchorWords,
    ConsentWords,
    GrantWords,
    GuardianWords,
    OwnerWords,
    PlanWords,
    RecordWords,
    RecoveryWords,
    ReviewWords,
    StandingWords,
    VerdictWords,
    WishWords
} from "../../../contracts/types/Words.sol";
import {Chain} from "./Vm.sol";

/// @title Every field of every word comes back as it went in, and no bit is used twice.
contract WordsTest is Chain {
    function testFuzz_grantWord(uint8 status, uint32 epoch, uint64 version, uint40 time, uint48 number)
        external
    {
        VM.warp(time);
        VM.roll(number);
        uint256 word = GrantWords.pack(status, epoch, version);
        require(GrantWords.status(word) == status, "status");
        require(GrantWords.epoch(word) == epoch, "epoch");
        require(GrantWords.version(word) == version, "version");
        require(uint40(word >> 104) == time, "changedAt");
        require(uint8(word >> 144) == 0, "flags");
        require(uint48(word >> 152) == number, "changedBlock");
        require(word >> 200 == 0, "unused bits");
        require(uint8((word | GrantWords.NOTICE_FLAG) >> 144) == 1, "a notice's flag");
        require((word | GrantWords.NOTICE_FLAG) ^ word == uint256(1) << 144, "and no more");
    }

    function testFuzz_wishWord(uint8 wish, uint64 version, uint40 time) external {
        VM.warp(time);
        uint256 word = WishWords.pack(wish, version);
        require(WishWords.wish(word) == wish, "wish");
        require(WishWords.version(word) == version, "version");
        require(uint40(word >> 72) == time, "changedAt");
        require(word >> 112 == 0, "unused bits");
    }

    function testFuzz_reviewWord(uint8 status, uint40 dueAt, uint160 packed, uint32 org, uint40 time)
        external
    {
        VM.warp(time);
        uint256 word = ReviewWords.pack(status, dueAt, packed);
        require(ReviewWords.status(word) == status, "status");
        require(uint40(word >> 8) == time, "changedAt");
        require(ReviewWords.dueAt(word) == dueAt, "dueAt");
        require(ReviewWords.organisations(word) == packed, "organisations");
        require(word >> 248 == 0, "unused bits");
        bool named = false;
        for (uint256 i = 0; i < 5; ++i) {
            uint32 each = uint32(packed >> (32 * i));
            require(ReviewWords.names(word, each), "names each");
            if (each == org) named = true;
        }
        require(ReviewWords.names(word, org) == named, "names no other");
    }

    function testFuzz_guardianWord(
        uint8 status,
        uint16 rights,
        uint32 epoch,
        uint32 version,
        uint40 until,
        uint40 time
    ) external {
        VM.warp(time);
        uint256 word = GuardianWords.pack(status, rights, epoch, version, until);
        require(GuardianWords.status(word) == status, "status");
        require(GuardianWords.rights(word) == rights, "rights");
        require(GuardianWords.epoch(word) == epoch, "epoch");
        require(GuardianWords.version(word) == version, "version");
        require(GuardianWords.until(word) == until, "until");
        require(uint40(word >> 128) == time, "changedAt");
        require(word >> 168 == 0, "unused bits");
    }

    function testFuzz_recoveryWords(
        uint8 status,
        uint32 round,
        uint40 readyAt,
        uint32 bindingEpoch,
        uint32 delaySeconds,
        uint40 time
    ) external {
        VM.warp(time);
        uint256 word = RecoveryWords.pack(status, round, readyAt, bindingEpoch);
        require(RecoveryWords.status(word) == status, "status");
        require(RecoveryWords.round(word) == round, "round");
        require(RecoveryWords.readyAt(word) == readyAt, "readyAt");
        require(RecoveryWords.bindingEpoch(word) == bindingEpoch, "bindingEpoch");
        require(uint40(word >> 112) == time, "changedAt");
        require(word >> 152 == 0, "unused bits");
        word = PlanWords.pack(round, delaySeconds);
        require(PlanWords.version(word) == round, "version");
        require(PlanWords.delaySeconds(word) == delaySeconds, "delay");
        require(uint40(word >> 64) == time, "changedAt of a plan");
        require(word >> 104 == 0, "unused bits of a plan");
    }

    function testFuzz_anchorWord(uint64 toSeq, uint40 time) external {
        VM.warp(time);
        uint256 word = AnchorWords.pack(toSeq);
        require(AnchorWords.toSeq(word) == toSeq, "toSeq");
        require(uint40(word >> 64) == time, "changedAt");
        require(word >> 104 == 0, "unused bits");
    }

    function testFuzz_ownerWord(uint32 epoch, uint32 optOut, uint32 version, uint40 time) external {
        VM.warp(time);
        uint256 word = OwnerWords.pack(epoch, optOut, version);
        require(uint8(word) == 1, "status");
        require(OwnerWords.epoch(word) == epoch, "epoch");
        require(uint40(word >> 40) == time, "changedAt");
        require(OwnerWords.optOut(word) == optOut, "optOut");
        require(OwnerWords.optOutVersion(word) == version, "optOut version");
        require(word >> 144 == 0, "unused bits");
    }

    function testFuzz_recordWord(
        uint8 quorum,
        uint32 barred,
        uint8 status,
        uint32 epoch,
        uint16 confirmed,
        uint16 rejected,
        uint40 time
    ) external {
        VM.warp(time);
        uint256 word = RecordWords.pack(quorum, barred);
        require(RecordWords.status(word) == 1 && RecordWords.shareEpoch(word) == 1, "first");
        word = RecordWords.withStatus(RecordWords.withShareEpoch(word, epoch), status);
        word = RecordWords.withCounts(word, confirmed, rejected);
        require(RecordWords.status(word) == status, "status");
        require(RecordWords.shareEpoch(word) == epoch, "shareEpoch");
        require(uint40(word >> 40) == time, "changedAt");
        require(RecordWords.confirmed(word) == confirmed, "confirmed");
        require(RecordWords.rejected(word) == rejected, "rejected");
        require(RecordWords.quorum(word) == quorum, "quorum");
        require(RecordWords.barredOrg(word) == barred, "barredOrg");
        require(word >> 152 == 0, "unused bits");
    }

    function testFuzz_verdictWord(uint8 verdict, address attester, uint40 time) external {
        VM.warp(time);
        uint256 word = VerdictWords.pack(verdict, attester);
        require(VerdictWords.verdict(word) == verdict, "verdict");
        require(uint32(word >> 8) == 0, "unused bits");
        require(uint40(word >> 40) == time, "changedAt");
        require(VerdictWords.attester(word) == attester, "attester");
        require(word >> 240 == 0, "unused bits");
    }

    function testFuzz_accountWord(
        uint8 status,
        uint32 bindingEpoch,
        uint32 organisation,
        uint16 roles,
        uint40 time
    ) external {
        VM.warp(time);
        uint256 word = AccountWords.pack(status, bindingEpoch, organisation, roles);
        require(AccountWords.status(word) == status, "status");
        require(AccountWords.bindingEpoch(word) == bindingEpoch, "bindingEpoch");
        require(AccountWords.organisation(word) == organisation, "organisation");
        require(AccountWords.roles(word) == roles, "roles");
        require(uint40(word >> 88) == time, "changedAt");
        require(word >> 128 == 0, "unused bits");
    }

    function testFuzz_otherWords(uint8 status, uint32 organisation, uint16 roles, uint32 version)
        external
        view
    {
        uint256 word = StandingWords.pack(status);
        require(StandingWords.status(word) == status, "status");
        require(word >> 8 == block.timestamp, "changedAt");
        word = ConsentWords.pack(organisation, roles, version);
        require(ConsentWords.organisation(word) == organisation, "organisation");
        require(ConsentWords.roles(word) == roles, "roles");
        require(ConsentWords.version(word) == version, "version");
        require(word >> 80 == 0, "unused bits");
    }
}
