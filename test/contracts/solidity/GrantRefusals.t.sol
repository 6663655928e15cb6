// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GrantRegistry} from "../../../contracts/GrantRegistry.sol";
import {IGrantRegistry} from "../../../contracts/interfaces/IGrantRegistry.sol";
import {ITypedMessages} from "../../../contracts/interfaces/ITypedMessages.sol";
import {GrantId, GrantItem, Revocation} from "../../../contracts/types/Ids.sol";
import {GRANTS_TYPEHASH, GRANT_ITEM_TYPEHASH} from "../../../contracts/types/TypeHashes.sol";
import {Chain} from "./Vm.sol";

/// @title What GrantRegistry refuses, each by its error and what that names, and what its views
/// say.
contract GrantRefusalsTest is Chain {
    uint256 private constant ALICE_KEY = 0xA11CE;
    bytes32 private constant OPENING = keccak256("opening");
    bytes32 private constant OTHER = keccak256("other opening");

    GrantRegistry private _registry;
    address private _alice;

    function setUp() external {
        _registry = new GrantRegistry();
        _alice = _addr(ALICE_KEY);
        VM.warp(1 days); // so that there is a second that has passed
    }

    function test_zeroIsNoOpening() external {
        bytes memory expected =
            abi.encodeWithSelector(IGrantRegistry.GrantRegistryZeroOpening.selector);
        _refuses(abi.encodeCall(_registry.grant, (0, 1, 1, FOREVER)), expected);
        _refuses(abi.encodeCall(_registry.revoke, (0, 1)), expected);
        (GrantItem[] memory items, Revocation[] memory revocations) = _lists(2);
        (items[1].openingHash, revocations[1].openingHash) = (0, 0);
        _refuses(abi.encodeCall(_registry.grantBatch, (items, 1, FOREVER)), expected);
        _refuses(abi.encodeCall(_registry.revokeBatch, (revocations)), expected);
        require(_registry.ownerWord(_alice) == 0, "a refused batch wrote");
        require(_registry.grantWord(_idOf(items[0].openingHash)) == 0, "a refused item stayed");
    }

    function test_aGrantCarriesTheVersionAfterTheStoredOne() external {
        _refuses(_grant(0, 1), _staleVersion(0, 0));
        _refuses(_grant(2, 1), _staleVersion(2, 0));
        _accepts(_grant(1, 1));
        _refuses(_grant(1, 1), _staleVersion(1, 1));
        _refuses(_grant(3, 1), _staleVersion(3, 1));
        _accepts(_grant(2, 1));
    }

    function test_aRevocationCarriesAnyHigherVersion() external {
        _refuses(_revoke(0), _staleVersion(0, 0));
        _accepts(_revoke(5));
        _refuses(_revoke(4), _staleVersion(4, 5));
        _refuses(_revoke(5), _staleVersion(5, 5));
        _refuses(_grant(1, 1), _staleVersion(1, 5));
        _accepts(_revoke(6));
    }

    /// @dev The successor of the highest version is none: it must not wrap to zero.
    function test_nothingFollowsTheHighestVersion() external {
        _accepts(_revoke(FOREVER));
        _refuses(_grant(0, 1), _staleVersion(0, FOREVER));
        _refuses(_grant(FOREVER, 1), _staleVersion(FOREVER, FOREVER));
        _refuses(_revoke(FOREVER), _staleVersion(FOREVER, FOREVER));
    }

    function test_grantsCarryTheOwnersEpoch() external {
        _refuses(_grant(1, 0), _wrongEpoch(0, 1));
        _refuses(_grant(1, 2), _wrongEpoch(2, 1));
        _accepts(abi.encodeCall(_registry.revokeAll, (3)));
        _refuses(_grant(1, 1), _wrongEpoch(1, 3));
        _refuses(_grant(1, 4), _wrongEpoch(4, 3));
        (GrantItem[] memory items,) = _lists(1);
        _refuses(abi.encodeCall(_registry.grantBatch, (items, 1, FOREVER)), _wrongEpoch(1, 3));
        _accepts(_grant(1, 3));
    }

    function test_everythingIsRevokedByAHigherEpochOnly() external {
        _refuses(abi.encodeCall(_registry.revokeAll, (0)), _staleEpoch(0, 1));
        // Who never wrote counts as epoch 1, in which a grant may be on its way.
        _refuses(abi.encodeCall(_registry.revokeAll, (1)), _staleEpoch(1, 1));
        _accepts(abi.encodeCall(_registry.revokeAll, (7)));
        _refuses(abi.encodeCall(_registry.revokeAll, (6)), _staleEpoch(6, 7));
        _refuses(abi.encodeCall(_registry.revokeAll, (7)), _staleEpoch(7, 7));
    }

    function test_anOptOutCarriesAHigherVersion() external {
        _refuses(abi.encodeCall(_registry.optOut, (1, 0)), _staleOptOut(0, 0));
        _accepts(abi.encodeCall(_registry.optOut, (1, 5)));
        _refuses(abi.encodeCall(_registry.optOut, (0, 4)), _staleOptOut(4, 5));
        _refuses(abi.encodeCall(_registry.optOut, (0, 5)), _staleOptOut(5, 5));
        require(uint32(_registry.ownerWord(_alice) >> 80) == 1, "a refused opt-out counted");
    }

    /// @dev Each bit alone, since a bit that means nothing today would mean something tomorrow.
    function test_onlyKnownPurposesCanBeOptedOutOf() external {
        uint32 version;
        for (uint256 bit = 0; bit < 32; ++bit) {
            uint32 purposes = uint32(1 << bit);
            bytes memory data = abi.encodeCall(_registry.optOut, (purposes, version + 1));
            if (bit < 13 || bit == 14) {
                _accepts(data);
                ++version;
            } else {
                _refuses(data, _unknown(purposes));
            }
        }
        _refuses(abi.encodeCall(_registry.optOut, (0x7fff, version + 1)), _unknown(0x7fff));
        _accepts(abi.encodeCall(_registry.optOut, (0x5fff, version + 1)));
    }

    /// @dev By the owner's hand or by her signature: what is too late is too late either way.
    function test_grantsAreAcceptedUntilTheLastSecondOfTheirDeadline() external {
        uint64 past = uint64(block.timestamp) - 1;
        bytes memory expected = abi.encodeWithSelector(
            ITypedMessages.TypedMessagesExpired.selector, past, block.timestamp
        );
        (GrantItem[] memory items,) = _lists(1);
        _refuses(abi.encodeCall(_registry.grant, (OPENING, 1, 1, past)), expected);
        _refuses(abi.encodeCall(_registry.grantBatch, (items, 1, past)), expected);
        _refuses(
            abi.encodeCall(_registry.grantBySig, (_alice, OPENING, 1, 1, past, "")), expected
        );
        bytes memory signature = _signGrants(items, past);
        _refuses(
            abi.encodeCall(_registry.grantBatchBySig, (_alice, items, 1, past, signature)),
            expected
        );
        uint64 last = past + 1;
        signature = _signGrants(items, last);
        _accepts(abi.encodeCall(_registry.grantBatchBySig, (_alice, items, 1, last, signature)));
        _accepts(abi.encodeCall(_registry.grant, (OTHER, 1, 1, last)));
    }

    function test_aListHasOneToSixtyFourEntries() external {
        for (uint256 length = 0; length < 66; length += 65) {
            bytes memory expected =
                abi.encodeWithSelector(ITypedMessages.TypedMessagesListLength.selector, length);
            (GrantItem[] memory items, Revocation[] memory revocations) = _lists(length);
            _refuses(abi.encodeCall(_registry.grantBatch, (items, 1, FOREVER)), expected);
            _refuses(
                abi.encodeCall(_registry.grantBatchBySig, (_alice, items, 1, FOREVER, "")),
                expected
            );
            _refuses(abi.encodeCall(_registry.revokeBatch, (revocations)), expected);
            _refuses(abi.encodeCall(_registry.revokeBySig, (_alice, revocations, "")), expected);
        }
        (GrantItem[] memory most, Revocation[] memory all) = _lists(64);
        _accepts(abi.encodeCall(_registry.grantBatch, (most, 1, FOREVER)));
        for (uint256 i = 0; i < 64; ++i) {
            all[i].version = 2;
        }
        _accepts(abi.encodeCall(_registry.revokeBatch, (all)));
    }

    /// @dev Sent by the owner herself: who signs is asked for, not who sends.
    function test_nothingIsDoneBySomebodyElsesSignature() external {
        bytes memory expected =
            abi.encodeWithSelector(ITypedMessages.TypedMessagesBadSignature.selector, _alice);
        bytes memory forged = _sign(0xE4E, _registry.domainSeparator(), keccak256("anything"));
        (GrantItem[] memory items, Revocation[] memory revocations) = _lists(1);
        _refuses(
            abi.encodeCall(_registry.grantBySig, (_alice, OPENING, 1, 1, FOREVER, forged)),
            expected
        );
        _refuses(
            abi.encodeCall(_registry.grantBatchBySig, (_alice, items, 1, FOREVER, forged)),
            expected
        );
        _refuses(abi.encodeCall(_registry.revokeBySig, (_alice, revocations, forged)), expected);
        _refuses(abi.encodeCall(_registry.revokeAllBySig, (_alice, 2, forged)), expected);
        _refuses(abi.encodeCall(_registry.optOutBySig, (_alice, 1, 1, forged)), expected);
        require(_registry.ownerWord(_alice) == 0, "a forgery opened an owner");
    }

    function test_aGrantStandsWhileItIsActiveInTheOwnersEpoch() external {
        _stands(false, "before any act");
        _accepts(_grant(1, 1));
        _stands(true, "granted");
        _accepts(_revoke(2));
        _stands(false, "revoked");
        _accepts(_grant(3, 1));
        _stands(true, "granted again");
        _accepts(abi.encodeCall(_registry.revokeAll, (2)));
        _stands(false, "of an older epoch");
        _accepts(_grant(4, 2));
        _stands(true, "granted in the new epoch");
        (bool others,,) = _registry.standing(_addr(0xB0B), OPENING);
        require(!others, "stands for another owner");
    }

    /// @dev A grant still under way is withdrawn before its owner has a word at all.
    function test_aRevocationOpensNoOwner() external {
        _accepts(_revoke(1));
        (bool stands, uint256 grantWord, uint256 ownerWord) = _registry.standing(_alice, OPENING);
        require(!stands && ownerWord == 0, "an owner without an act of hers");
        require(uint8(grantWord) == 2 && uint32(grantWord >> 8) == 1, "status, epoch");
        require(uint64(grantWord >> 40) == 1, "version");
    }

    /// @dev `standing` and the single views tell the same, and what a storage proof would show.
    function _stands(bool expected, string memory when) private view {
        (bool stands, uint256 grantWord, uint256 ownerWord) = _registry.standing(_alice, OPENING);
        require(stands == expected, when);
        GrantId id = _registry.grantIdOf(_alice, OPENING);
        require(GrantId.unwrap(id) == keccak256(abi.encode(_alice, OPENING)), "id");
        require(grantWord == _registry.grantWord(id), "grantWord");
        require(grantWord == _word(address(_registry), GrantId.unwrap(id), 0), "slot 0");
        require(ownerWord == _registry.ownerWord(_alice), "ownerWord");
        bytes32 owner = bytes32(uint256(uint160(_alice)));
        require(ownerWord == _word(address(_registry), owner, 1), "slot 1");
    }

    function _refuses(bytes memory data, bytes memory expected) private {
        VM.prank(_alice);
        (bool accepted, bytes memory reason) = address(_registry).call(data);
        require(!accepted && keccak256(reason) == keccak256(expected), "another reason");
    }

    function _accepts(bytes memory data) private {
        VM.prank(_alice);
        (bool accepted,) = address(_registry).call(data);
        require(accepted, "refused");
    }

    function _grant(uint64 version, uint32 epoch) private view returns (bytes memory) {
        return abi.encodeCall(_registry.grant, (OPENING, version, epoch, FOREVER));
    }

    function _revoke(uint64 version) private view returns (bytes memory) {
        return abi.encodeCall(_registry.revoke, (OPENING, version));
    }

    function _idOf(bytes32 openingHash) private view returns (GrantId) {
        return GrantId.wrap(keccak256(abi.encode(_alice, openingHash)));
    }

    function _staleVersion(uint64 version, uint64 stored) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IGrantRegistry.GrantRegistryStaleVersion.selector, _idOf(OPENING), version, stored
        );
    }

    function _wrongEpoch(uint32 epoch, uint32 stored) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IGrantRegistry.GrantRegistryWrongEpoch.selector, _alice, epoch, stored
        );
    }

    function _staleEpoch(uint32 epoch, uint32 stored) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IGrantRegistry.GrantRegistryStaleEpoch.selector, _alice, epoch, stored
        );
    }

    function _staleOptOut(uint32 version, uint32 stored) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IGrantRegistry.GrantRegistryStaleOptOut.selector, _alice, version, stored
        );
    }

    function _unknown(uint32 purposes) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            IGrantRegistry.GrantRegistryUnknownPurposes.selector, purposes
        );
    }

    function _signGrants(GrantItem[] memory items, uint64 deadline)
        private
        view
        returns (bytes memory)
    {
        bytes32 item = keccak256(
            abi.encode(GRANT_ITEM_TYPEHASH, items[0].openingHash, items[0].version)
        );
        bytes32 message = keccak256(
            abi.encode(GRANTS_TYPEHASH, _alice, keccak256(abi.encode(item)), uint32(1), deadline)
        );
        return _sign(ALICE_KEY, _registry.domainSeparator(), message);
    }

    /// @dev First versions of as many openings.
    function _lists(uint256 length)
        private
        pure
        returns (GrantItem[] memory items, Revocation[] memory revocations)
    {
        items = new GrantItem[](length);
        revocations = new Revocation[](length);
        for (uint256 i = 0; i < length; ++i) {
            items[i] = GrantItem(keccak256(abi.encode("opening", i)), 1);
            revocations[i] = Revocation(items[i].openingHash, 1);
        }
    }
}
