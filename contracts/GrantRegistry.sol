// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGrantRegistry} from "./interfaces/IGrantRegistry.sol";
import {TypedMessages} from "./TypedMessages.sol";
import {GrantId, GrantItem, GrantOpening, Revocation} from "./types/Ids.sol";
import {
    GRANTS_TYPEHASH,
    GRANT_ITEM_TYPEHASH,
    GRANT_OPENING_TYPEHASH,
    OPT_OUT_TYPEHASH,
    REVOCATIONS_TYPEHASH,
    REVOCATION_TYPEHASH,
    REVOKE_ALL_TYPEHASH
} from "./types/TypeHashes.sol";
import {GrantWords, OwnerWords} from "./types/Words.sol";

/// @title Consent: one word a grant, one word an owner.
/// @notice See IGrantRegistry. Each word is read once and written once.
contract GrantRegistry is IGrantRegistry, TypedMessages {
    using GrantWords for uint256;

    /// @dev Bits 0–12 and 14 (SECURITY.md §7).
    uint32 private constant PURPOSES = 0x5fff;

    mapping(GrantId id => uint256 word) private _grants; // slot 0, frozen
    mapping(address owner => uint256 word) private _owners; // slot 1, frozen

    /// @inheritdoc IGrantRegistry
    function grant(bytes32 openingHash, uint64 version, uint32 epoch, uint64 deadline) external {
        _checkDeadline(deadline);
        _enter(msg.sender, epoch);
        _grant(msg.sender, openingHash, version, epoch);
    }

    /// @inheritdoc IGrantRegistry
    function grantBatch(GrantItem[] calldata items, uint32 epoch, uint64 deadline) external {
        _grantAll(msg.sender, items, epoch, deadline);
    }

    /// @inheritdoc IGrantRegistry
    function grantBySig(
        address owner,
        bytes32 openingHash,
        uint64 version,
        uint32 epoch,
        uint64 deadline,
        bytes calldata signature
    ) external {
        _checkDeadline(deadline);
        bytes32 items = keccak256(abi.encode(_hashGrantItem(openingHash, version)));
        _checkGrants(owner, items, epoch, deadline, signature);
        _enter(owner, epoch);
        _grant(owner, openingHash, version, epoch);
    }

    /// @inheritdoc IGrantRegistry
    function grantBatchBySig(
        address owner,
        GrantItem[] calldata items,
        uint32 epoch,
        uint64 deadline,
        bytes calldata signature
    ) external {
        _checkLength(items.length);
        bytes32[] memory hashes = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            hashes[i] = _hashGrantItem(items[i].openingHash, items[i].version);
        }
        _checkGrants(owner, keccak256(abi.encodePacked(hashes)), epoch, deadline, signature);
        _grantAll(owner, items, epoch, deadline);
    }

    /// @inheritdoc IGrantRegistry
    function revoke(bytes32 openingHash, uint64 version) external {
        _revoke(msg.sender, openingHash, version, _owners[msg.sender]);
    }

    /// @inheritdoc IGrantRegistry
    function revokeBatch(Revocation[] calldata items) external {
        _revokeAll(msg.sender, items);
    }

    /// @inheritdoc IGrantRegistry
    function revokeBySig(address owner, Revocation[] calldata items, bytes calldata signature)
        external
    {
        _checkLength(items.length);
        bytes32[] memory hashes = new bytes32[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            hashes[i] = keccak256(
                abi.encode(REVOCATION_TYPEHASH, items[i].openingHash, items[i].version)
            );
        }
        bytes32 list = keccak256(abi.encodePacked(hashes));
        _checkSignature(owner, keccak256(abi.encode(REVOCATIONS_TYPEHASH, owner, list)), signature);
        _revokeAll(owner, items);
    }

    /// @inheritdoc IGrantRegistry
    function revokeAll(uint32 epoch) external {
        _setEpoch(msg.sender, epoch);
    }

    /// @inheritdoc IGrantRegistry
    function revokeAllBySig(address owner, uint32 epoch, bytes calldata signature) external {
        _checkSignature(owner, keccak256(abi.encode(REVOKE_ALL_TYPEHASH, owner, epoch)), signature);
        _setEpoch(owner, epoch);
    }

    /// @inheritdoc IGrantRegistry
    function optOut(uint32 purposes, uint32 version) external {
        _setOptOut(msg.sender, purposes, version);
    }

    /// @inheritdoc IGrantRegistry
    function optOutBySig(
        address owner,
        uint32 purposes,
        uint32 version,
        bytes calldata signature
    ) external {
        bytes32 message = keccak256(abi.encode(OPT_OUT_TYPEHASH, owner, purposes, version));
        _checkSignature(owner, message, signature);
        _setOptOut(owner, purposes, version);
    }

    /// @inheritdoc IGrantRegistry
    function grantWord(GrantId id) external view returns (uint256) {
        return _grants[id];
    }

    /// @inheritdoc IGrantRegistry
    function ownerWord(address owner) external view returns (uint256) {
        return _owners[owner];
    }

    /// @inheritdoc IGrantRegistry
    function standing(address owner, bytes32 openingHash)
        external
        view
        returns (bool stands, uint256 grantWord_, uint256 ownerWord_)
    {
        grantWord_ = _grants[grantIdOf(owner, openingHash)];
        ownerWord_ = _owners[owner];
        stands = grantWord_.status() == GrantWords.ACTIVE && ownerWord_ != 0
            && grantWord_.epoch() == OwnerWords.epoch(ownerWord_);
    }

    /// @inheritdoc IGrantRegistry
    function grantIdOf(address owner, bytes32 openingHash) public pure returns (GrantId) {
        return GrantId.wrap(keccak256(abi.encode(owner, openingHash)));
    }

    /// @inheritdoc IGrantRegistry
    function hashOpening(GrantOpening calldata opening) external pure returns (bytes32) {
        return keccak256(abi.encode(GRANT_OPENING_TYPEHASH, opening));
    }

    function _grantAll(address owner, GrantItem[] calldata items, uint32 epoch, uint64 deadline)
        private
    {
        _checkDeadline(deadline);
        _checkLength(items.length);
        _enter(owner, epoch);
        for (uint256 i = 0; i < items.length; ++i) {
            _grant(owner, items[i].openingHash, items[i].version, epoch);
        }
    }

    function _revokeAll(address owner, Revocation[] calldata items) private {
        _checkLength(items.length);
        uint256 word = _owners[owner];
        for (uint256 i = 0; i < items.length; ++i) {
            _revoke(owner, items[i].openingHash, items[i].version, word);
        }
    }

    /// @dev The epoch must be the owner's; an owner without a word is opened.
    function _enter(address owner, uint32 epoch) private {
        uint256 word = _owners[owner];
        uint32 stored = OwnerWords.epoch(word);
        if (epoch != stored) revert GrantRegistryWrongEpoch(owner, epoch, stored);
        if (word == 0) _setOwner(owner, OwnerWords.pack(epoch, 0, 0));
    }

    function _grant(address owner, bytes32 openingHash, uint64 version, uint32 epoch) private {
        if (openingHash == 0) revert GrantRegistryZeroOpening();
        GrantId id = grantIdOf(owner, openingHash);
        uint64 stored = _grants[id].version();
        if (version != uint256(stored) + 1) revert GrantRegistryStaleVersion(id, version, stored);
        _setGrant(id, GrantWords.pack(GrantWords.ACTIVE, epoch, version));
    }

    /// @dev Works on an empty slot too, so that a grant still under way can be withdrawn.
    function _revoke(address owner, bytes32 openingHash, uint64 version, uint256 word) private {
        if (openingHash == 0) revert GrantRegistryZeroOpening();
        GrantId id = grantIdOf(owner, openingHash);
        uint64 stored = _grants[id].version();
        if (version <= stored) revert GrantRegistryStaleVersion(id, version, stored);
        _setGrant(id, GrantWords.pack(GrantWords.REVOKED, OwnerWords.epoch(word), version));
    }

    function _setEpoch(address owner, uint32 epoch) private {
        uint256 word = _owners[owner];
        uint32 stored = OwnerWords.epoch(word);
        if (epoch <= stored) revert GrantRegistryStaleEpoch(owner, epoch, stored);
        _setOwner(
            owner, OwnerWords.pack(epoch, OwnerWords.optOut(word), OwnerWords.optOutVersion(word))
        );
    }

    function _setOptOut(address owner, uint32 purposes, uint32 version) private {
        if (purposes & ~PURPOSES != 0) revert GrantRegistryUnknownPurposes(purposes);
        uint256 word = _owners[owner];
        uint32 stored = OwnerWords.optOutVersion(word);
        if (version <= stored) revert GrantRegistryStaleOptOut(owner, version, stored);
        _setOwner(owner, OwnerWords.pack(OwnerWords.epoch(word), purposes, version));
    }

    function _setGrant(GrantId id, uint256 word) private {
        _grants[id] = word;
        emit Changed(GrantId.unwrap(id), word);
    }

    function _setOwner(address owner, uint256 word) private {
        _owners[owner] = word;
        emit Changed(bytes32(uint256(uint160(owner))), word);
    }

    function _checkGrants(
        address owner,
        bytes32 items,
        uint32 epoch,
        uint64 deadline,
        bytes calldata signature
    ) private view {
        bytes32 message = keccak256(abi.encode(GRANTS_TYPEHASH, owner, items, epoch, deadline));
        _checkSignature(owner, message, signature);
    }

    function _hashGrantItem(bytes32 openingHash, uint64 version) private pure returns (bytes32) {
        return keccak256(abi.encode(GRANT_ITEM_TYPEHASH, openingHash, version));
    }
}
