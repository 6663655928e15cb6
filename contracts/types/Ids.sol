// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

// Branded ids and the structs of the typed messages. SECURITY.md §7 is the source of both.

/// @dev keccak256(abi.encode(owner, openingHash)): only the owner can fill that slot.
type GrantId is bytes32;

/// @dev keccak256(abi.encode(owner, recordTag)), recordTag = keccak256(abi.encode(recordId, ver)).
type RecordKey is bytes32;

/// @dev keccak256(abi.encode(organisation, salt)): nobody can take another organisation's group.
type GroupId is bytes32;

/// @dev keccak256(abi.encode(owner, openingHash)), as a grant's id, but in a mapping of its own.
type NoticeId is bytes32;

/// @dev keccak256(abi.encode(writer, logTag)): nobody can take another writer's log.
type LogKey is bytes32;

/// @dev All terms of a grant. It never reaches the chain; its hashStruct does.
struct GrantOpening {
    uint8 granteeKind;
    bytes32 grantee;
    bytes32 scope;
    uint32 verFrom;
    uint32 verTo;
    uint32 purposes;
    uint64 notBefore;
    uint64 notAfter;
    uint32 budget;
    uint32 window;
    bytes32 salt;
}

/// @dev One grant of a `Grants` message, its opening already hashed.
struct GrantItem {
    bytes32 openingHash;
    uint64 version;
}

/// @dev One entry of a `Revocations` message.
struct Revocation {
    bytes32 openingHash;
    uint64 version;
}

/// @dev One entry of a `Records` message.
struct RecordItem {
    bytes32 recordTag;
    uint8 status;
    uint32 shareEpoch;
    uint8 quorum;
    uint32 barredOrg;
    bytes32 anchor;
}

/// @dev One entry of an `Anchors` message.
struct AnchorItem {
    bytes32 logTag;
    bytes32 root;
    uint64 toSeq;
}

/// @dev Who may help an account's owner, k of them together. Its hash is on chain until it is used.
struct RecoveryPlan {
    bytes32 salt;
    uint8 threshold;
    address[] helpers;
}

/// @dev What organisations vote on. It names the voter set's number and dies with it.
struct Proposal {
    uint32 voterSet;
    uint8 kind;
    uint32 organisation;
    address account;
    uint32 quorum;
    uint64 deadline;
}
