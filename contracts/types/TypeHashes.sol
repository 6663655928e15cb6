// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// EIP-712 type hashes of SECURITY.md §7: referenced types follow, sorted by name. Custody and
// NodeBinding are never hashed on chain and so are not here.

bytes32 constant DOMAIN_TYPEHASH = keccak256(
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
);

bytes32 constant GRANT_OPENING_TYPEHASH = keccak256(
    "GrantOpening(uint8 granteeKind,bytes32 grantee,bytes32 scope,uint32 verFrom,uint32 verTo,"
    "uint32 purposes,uint64 notBefore,uint64 notAfter,uint32 budget,uint32 window,bytes32 salt)"
);

bytes32 constant GRANT_ITEM_TYPEHASH = keccak256(
    "GrantItem(GrantOpening opening,uint64 version)"
    "GrantOpening(uint8 granteeKind,bytes32 grantee,bytes32 scope,uint32 verFrom,uint32 verTo,"
    "uint32 purposes,uint64 notBefore,uint64 notAfter,uint32 budget,uint32 window,bytes32 salt)"
);

bytes32 constant GRANTS_TYPEHASH = keccak256(
    "Grants(address owner,GrantItem[] items,uint32 epoch,uint64 deadline)"
    "GrantItem(GrantOpening opening,uint64 version)"
    "GrantOpening(uint8 granteeKind,bytes32 grantee,bytes32 scope,uint32 verFrom,uint32 verTo,"
    "uint32 purposes,uint64 notBefore,uint64 notAfter,uint32 budget,uint32 window,bytes32 salt)"
);

bytes32 constant REVOCATION_TYPEHASH = keccak256("Revocation(bytes32 openingHash,uint64 version)");

bytes32 constant REVOCATIONS_TYPEHASH = keccak256(
    "Revocations(address owner,Revocation[] items)Revocation(bytes32 openingHash,uint64 version)"
);

bytes32 constant REVOKE_ALL_TYPEHASH = keccak256("RevokeAll(address owner,uint32 epoch)");

bytes32 constant OPT_OUT_TYPEHASH = keccak256(
    "OptOut(address owner,uint32 purposes,uint32 version)"
);

bytes32 constant RECORD_ITEM_TYPEHASH = keccak256(
    "RecordItem(bytes32 recordTag,uint8 status,uint32 shareEpoch,uint8 quorum,"
    "uint32 barredOrg,bytes32 anchor)"
);

bytes32 constant RECORDS_TYPEHASH = keccak256(
    "Records(address owner,RecordItem[] items,uint64 deadline)"
    "RecordItem(bytes32 recordTag,uint8 status,uint32 shareEpoch,uint8 quorum,"
    "uint32 barredOrg,bytes32 anchor)"
);

bytes32 constant BINDING_EPOCH_TYPEHASH = keccak256(
    "BindingEpoch(address account,uint32 bindingEpoch)"
);

bytes32 constant MEMBERSHIP_TYPEHASH = keccak256(
    "Membership(address account,uint32 organisation,uint16 roles,uint32 version,uint64 deadline)"
);

bytes32 constant WISH_TYPEHASH = keccak256("Wish(address owner,uint8 wish,uint64 version)");

bytes32 constant BREAK_GLASS_TYPEHASH = keccak256(
    "BreakGlass(address owner,GrantOpening opening,bytes32 reasonHash,uint32 epoch)"
    "GrantOpening(uint8 granteeKind,bytes32 grantee,bytes32 scope,uint32 verFrom,uint32 verTo,"
    "uint32 purposes,uint64 notBefore,uint64 notAfter,uint32 budget,uint32 window,bytes32 salt)"
);

bytes32 constant REVIEW_TYPEHASH = keccak256(
    "Review(address owner,bytes32 openingHash,bytes32 outcomeHash)"
);

bytes32 constant ANCHOR_ITEM_TYPEHASH = keccak256(
    "AnchorItem(bytes32 logTag,bytes32 root,uint64 toSeq)"
);

bytes32 constant ANCHORS_TYPEHASH = keccak256(
    "Anchors(address writer,AnchorItem[] items)"
    "AnchorItem(bytes32 logTag,bytes32 root,uint64 toSeq)"
);

bytes32 constant GUARDIANSHIP_TYPEHASH = keccak256(
    "Guardianship(address ward,address guardian,uint16 rights,uint64 until,uint32 epoch,"
    "uint32 version)"
);

bytes32 constant GUARDIANSHIP_END_TYPEHASH = keccak256(
    "GuardianshipEnd(address ward,address guardian,uint32 version)"
);

bytes32 constant RECOVERY_PLAN_TYPEHASH = keccak256(
    "RecoveryPlan(address account,bytes32 planHash,uint32 delaySeconds,uint32 version)"
);

bytes32 constant RECOVERY_TYPEHASH = keccak256(
    "Recovery(address account,address successor,uint32 planVersion,uint32 round)"
);

bytes32 constant VETO_TYPEHASH = keccak256("Veto(address account,uint32 round)");
