// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    ANCHORS_TYPEHASH,
    ANCHOR_ITEM_TYPEHASH,
    BINDING_EPOCH_TYPEHASH,
    BREAK_GLASS_TYPEHASH,
    GRANTS_TYPEHASH,
    GRANT_ITEM_TYPEHASH,
    GRANT_OPENING_TYPEHASH,
    GUARDIANSHIP_END_TYPEHASH,
    GUARDIANSHIP_TYPEHASH,
    MEMBERSHIP_TYPEHASH,
    OPT_OUT_TYPEHASH,
    RECORDS_TYPEHASH,
    RECORD_ITEM_TYPEHASH,
    RECOVERY_PLAN_TYPEHASH,
    RECOVERY_TYPEHASH,
    REVIEW_TYPEHASH,
    REVOCATIONS_TYPEHASH,
    REVOCATION_TYPEHASH,
    REVOKE_ALL_TYPEHASH,
    VETO_TYPEHASH,
    WISH_TYPEHASH
} from "../types/TypeHashes.sol";

/// @title Shows the contracts' type hashes to the known-answer tests.
contract TypeHashBook {
    bytes32 public constant AnchorItem = ANCHOR_ITEM_TYPEHASH;
    bytes32 public constant Anchors = ANCHORS_TYPEHASH;
    bytes32 public constant BindingEpoch = BINDING_EPOCH_TYPEHASH;
    bytes32 public constant BreakGlass = BREAK_GLASS_TYPEHASH;
    bytes32 public constant GrantItem = GRANT_ITEM_TYPEHASH;
    bytes32 public constant GrantOpening = GRANT_OPENING_TYPEHASH;
    bytes32 public constant Grants = GRANTS_TYPEHASH;
    bytes32 public constant Guardianship = GUARDIANSHIP_TYPEHASH;
    bytes32 public constant GuardianshipEnd = GUARDIANSHIP_END_TYPEHASH;
    bytes32 public constant Membership = MEMBERSHIP_TYPEHASH;
    bytes32 public constant OptOut = OPT_OUT_TYPEHASH;
    bytes32 public constant RecordItem = RECORD_ITEM_TYPEHASH;
    bytes32 public constant Records = RECORDS_TYPEHASH;
    bytes32 public constant Recovery = RECOVERY_TYPEHASH;
    bytes32 public constant RecoveryPlan = RECOVERY_PLAN_TYPEHASH;
    bytes32 public constant Review = REVIEW_TYPEHASH;
    bytes32 public constant Revocation = REVOCATION_TYPEHASH;
    bytes32 public constant Revocations = REVOCATIONS_TYPEHASH;
    bytes32 public constant RevokeAll = REVOKE_ALL_TYPEHASH;
    bytes32 public constant Veto = VETO_TYPEHASH;
    bytes32 public constant Wish = WISH_TYPEHASH;
}
