// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GrantRegistry} from "../../../contracts/GrantRegistry.sol";
import {GrantId, GrantItem, GrantOpening, Revocation} from "../../../contracts/types/Ids.sol";
import {
    GRANTS_TYPEHASH,
    GRANT_ITEM_TYPEHASH,
    GRANT_OPENING_TYPEHASH,
    OPT_OUT_TYPEHASH,
    REVOCATIONS_TYPEHASH,
    REVOCATION_TYPEHASH,
    REVOKE_ALL_TYPEHASH
} from "../../../contracts/types/TypeHashes.sol";
import {Chain} from "./Vm.sol";

/// @dev Owners, a stranger and a relayer who holds signatures back; beside them a plain twin of the
/// rules, in fields instead of bits, that says what must be accepted.
contract GrantHandler is Chain {
    struct Grant {
        uint8 status;
        uint32 epoch;
        uint64 version;
    }

    struct Owner {
        bool open;
        uint32 epoch;
        uint32 purposes;
        uint32 optOutVersion;
    }

    struct Held {
        bool revokes;
        uint256 owner;
        uint256 opening;
        uint64 version;
        uint32 epoch;
        bytes signature;
    }

    uint256 public constant OWNERS = 3;
    uint256 public constant OPENINGS = 3;

    GrantRegistry public immutable registry = new GrantRegistry();

    mapping(uint256 owner => mapping(uint256 opening => Grant grant)) public twin;
    mapping(uint256 owner => Owner state) public owners;
    Held[] private _held;

    /// @dev The first difference between contract and twin; empty while there is none.
    string public broken;

    constructor() {
        _know(0xA11CE, OWNERS);
        _know(0xE4E, 1);
        for (uint256 i = 0; i < OWNERS; ++i) {
            owners[i].epoch = 1;
        }
    }

    function keyOf(uint256 owner) public pure returns (uint256) {
        return 0xA11CE + owner;
    }

    function addressOf(uint256 owner) public view returns (address) {
        return _addr(keyOf(owner));
    }

    function hashOf(uint256 opening) public pure returns (bytes32) {
        return keccak256(abi.encode("opening", opening));
    }

    function grant(uint256 who, uint256 what, uint8 step, uint8 form, uint8 epochStep) external {
        (uint256 o, uint256 n) = (who % OWNERS, what % OPENINGS);
        uint64 version = _version(o, n, step);
        uint32 epoch = _epoch(o, epochStep);
        bool accepted = _sendGrant(o, n, version, epoch, form % 4, "");
        _settleGrant(o, n, version, epoch, accepted);
    }

    function revoke(uint256 who, uint256 what, uint8 step, uint8 form) external {
        (uint256 o, uint256 n) = (who % OWNERS, what % OPENINGS);
        uint64 version = _version(o, n, step);
        bool accepted = _sendRevocation(o, n, version, form % 3, "");
        _settleRevocation(o, n, version, accepted);
    }

    /// @dev Signs now, for a relayer who may send whenever it likes.
    function hold(uint256 who, uint256 what, uint8 step, uint8 epochStep, bool revokes) external {
        if (_held.length >= 64) return;
        (uint256 o, uint256 n) = (who % OWNERS, what % OPENINGS);
        uint64 version = _version(o, n, step);
        uint32 epoch = _epoch(o, epochStep);
        bytes32 message = revokes ? _revocation(o, n, version) : _grants(o, n, version, epoch);
        bytes memory signature = _sign(keyOf(o), registry.domainSeparator(), message);
        _held.push(Held(revokes, o, n, version, epoch, signature));
    }

    function relay(uint256 which) external {
        if (_held.length == 0) return;
        Held memory held = _held[which % _held.length];
        if (held.revokes) {
            bool done = _sendRevocation(held.owner, held.opening, held.version, 2, held.signature);
            _settleRevocation(held.owner, held.opening, held.version, done);
            return;
        }
        bool accepted =
            _sendGrant(held.owner, held.opening, held.version, held.epoch, 2, held.signature);
        if (accepted && held.epoch != owners[held.owner].epoch) broken = "an older epoch worked";
        _settleGrant(held.owner, held.opening, held.version, held.epoch, accepted);
    }

    function revokeAll(uint256 who, uint8 epochStep, bool bySig) external {
        uint256 o = who % OWNERS;
        uint32 epoch = _epoch(o, epochStep);
        bool accepted;
        if (bySig) {
            bytes32 message = keccak256(abi.encode(REVOKE_ALL_TYPEHASH, addressOf(o), epoch));
            bytes memory signature = _sign(keyOf(o), registry.domainSeparator(), message);
            (accepted,) = address(registry)
                .call(abi.encodeCall(registry.revokeAllBySig, (addressOf(o), epoch, signature)));
        } else {
            VM.prank(addressOf(o));
            (accepted,) = address(registry).call(abi.encodeCall(registry.revokeAll, (epoch)));
        }
        if (accepted != (epoch > owners[o].epoch)) broken = "revokeAll";
        if (accepted) (owners[o].open, owners[o].epoch) = (true, epoch);
    }

    function optOut(uint256 who, uint32 purposes, uint8 step, bool bySig) external {
        uint256 o = who % OWNERS;
        purposes &= 0x7fff;
        uint32 version = owners[o].optOutVersion + (step % 3);
        bool accepted;
        if (bySig) {
            bytes32 message =
                keccak256(abi.encode(OPT_OUT_TYPEHASH, addressOf(o), purposes, version));
            bytes memory sig = _sign(keyOf(o), registry.domainSeparator(), message);
            (accepted,) = address(registry)
                .call(abi.encodeCall(registry.optOutBySig, (addressOf(o), purposes, version, sig)));
        } else {
            VM.prank(addressOf(o));
            (accepted,) = address(registry)
                .call(abi.encodeCall(registry.optOut, (purposes, version)));
        }
        if (accepted != (step % 3 > 0 && purposes & 0x2000 == 0)) broken = "optOut";
        if (!accepted) return;
        (owners[o].open, owners[o].purposes, owners[o].optOutVersion) = (true, purposes, version);
    }

    /// @dev Eve sends what she likes: her own acts are hers, her forgeries fail.
    function eve(uint256 who, uint256 what, uint64 version, uint32 epoch, uint8 form) external {
        (uint256 o, uint256 n) = (who % OWNERS, what % OPENINGS);
        bytes32 domain = registry.domainSeparator();
        bytes memory forged = _sign(0xE4E, domain, _grants(o, n, version, epoch));
        bytes memory forgedAll = _sign(
            0xE4E, domain, keccak256(abi.encode(REVOKE_ALL_TYPEHASH, addressOf(o), epoch))
        );
        address stranger = _addr(0xE4E);
        bool accepted;
        VM.prank(stranger);
        if (form % 4 == 0) {
            (accepted,) = address(registry)
                .call(
                    abi.encodeCall(
                        registry.grantBySig,
                        (addressOf(o), hashOf(n), version, epoch, FOREVER, forged)
                    )
                );
        } else if (form % 4 == 1) {
            (accepted,) = address(registry)
                .call(abi.encodeCall(registry.revokeAllBySig, (addressOf(o), epoch, forgedAll)));
        } else if (form % 4 == 2) {
            registry.revoke(hashOf(n), _next(registry, stranger, hashOf(n)));
        } else {
            (accepted,) = address(registry)
                .call(abi.encodeCall(registry.revokeBySig, (addressOf(o), _one(n, version), forged)));
        }
        if (accepted) broken = "a stranger's signature worked";
    }

    function pass(uint16 secs) external {
        VM.warp(block.timestamp + secs);
        VM.roll(block.number + 1);
    }

    function _sendGrant(
        uint256 o,
        uint256 n,
        uint64 version,
        uint32 epoch,
        uint8 form,
        bytes memory signature
    ) private returns (bool accepted) {
        GrantItem[] memory items = new GrantItem[](1);
        items[0] = GrantItem(hashOf(n), version);
        address owner = addressOf(o);
        if (form >= 2 && signature.length == 0) {
            bytes32 message = _grants(o, n, version, epoch);
            signature = _sign(keyOf(o), registry.domainSeparator(), message);
        }
        bytes memory data;
        if (form == 0) data = abi.encodeCall(registry.grant, (hashOf(n), version, epoch, FOREVER));
        if (form == 1) data = abi.encodeCall(registry.grantBatch, (items, epoch, FOREVER));
        if (form == 2) {
            data = abi.encodeCall(
                registry.grantBySig, (owner, hashOf(n), version, epoch, FOREVER, signature)
            );
        }
        if (form == 3) {
            data = abi.encodeCall(
                registry.grantBatchBySig, (owner, items, epoch, FOREVER, signature)
            );
        }
        if (form < 2) VM.prank(owner);
        (accepted,) = address(registry).call(data);
    }

    function _settleGrant(uint256 o, uint256 n, uint64 version, uint32 epoch, bool accepted)
        private
    {
        Grant storage known = twin[o][n];
        bool expected = version == known.version + 1 && epoch == owners[o].epoch;
        if (accepted != expected) broken = "grant";
        if (!accepted) return;
        if (known.status == 2 && version <= known.version) broken = "a revoked word came back";
        twin[o][n] = Grant(1, epoch, version);
        owners[o].open = true;
    }

    function _sendRevocation(
        uint256 o,
        uint256 n,
        uint64 version,
        uint8 form,
        bytes memory signature
    ) private returns (bool accepted) {
        Revocation[] memory items = _one(n, version);
        bytes memory data;
        if (form == 0) data = abi.encodeCall(registry.revoke, (hashOf(n), version));
        if (form == 1) data = abi.encodeCall(registry.revokeBatch, (items));
        if (form == 2) {
            if (signature.length == 0) {
                signature = _sign(keyOf(o), registry.domainSeparator(), _revocation(o, n, version));
            }
            data = abi.encodeCall(registry.revokeBySig, (addressOf(o), items, signature));
        }
        if (form < 2) VM.prank(addressOf(o));
        (accepted,) = address(registry).call(data);
    }

    function _settleRevocation(uint256 o, uint256 n, uint64 version, bool accepted) private {
        if (accepted != (version > twin[o][n].version)) broken = "revoke";
        if (accepted) twin[o][n] = Grant(2, owners[o].epoch, version);
    }

    /// @dev Around the stored version: one below, equal, the next, one further.
    function _version(uint256 o, uint256 n, uint8 step) private view returns (uint64) {
        uint64 stored = twin[o][n].version;
        return stored == 0 ? step % 3 : stored - 1 + (step % 4);
    }

    function _epoch(uint256 o, uint8 step) private view returns (uint32) {
        return owners[o].epoch - 1 + (step % 3);
    }

    function _grants(uint256 o, uint256 n, uint64 version, uint32 epoch)
        private
        view
        returns (bytes32)
    {
        bytes32 item = keccak256(abi.encode(GRANT_ITEM_TYPEHASH, hashOf(n), version));
        bytes32 list = keccak256(abi.encode(item));
        return keccak256(abi.encode(GRANTS_TYPEHASH, addressOf(o), list, epoch, FOREVER));
    }

    function _revocation(uint256 o, uint256 n, uint64 version) private view returns (bytes32) {
        bytes32 item = keccak256(abi.encode(REVOCATION_TYPEHASH, hashOf(n), version));
        return keccak256(
            abi.encode(REVOCATIONS_TYPEHASH, addressOf(o), keccak256(abi.encode(item)))
        );
    }

    function _one(uint256 n, uint64 version) private pure returns (Revocation[] memory items) {
        items = new Revocation[](1);
        items[0] = Revocation(hashOf(n), version);
    }

    function _next(GrantRegistry target, address owner, bytes32 hash)
        private
        view
        returns (uint64)
    {
        uint256 word =
            _word(address(target), keccak256(abi.encode(owner, hash)), 0);
        return uint64(word >> 40) + 1;
    }
}

/// @title Consent under any sequence of acts, forgeries and held-back signatures.
contract GrantRegistryTest is Chain {
    GrantHandler private _handler;
    GrantRegistry private _registry;

    function setUp() external {
        _handler = new GrantHandler();
        _registry = _handler.registry();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev No revoked word returns without a higher version, no older epoch works, nobody but the
    /// owner changes a word: each would set the contract apart from the twin.
    function invariant_wordsAreWhatTheirOwnersSaid() external view {
        require(bytes(_handler.broken()).length == 0, _handler.broken());
        for (uint256 o = 0; o < _handler.OWNERS(); ++o) {
            address owner = _handler.addressOf(o);
            _compareOwner(o, owner);
            for (uint256 n = 0; n < _handler.OPENINGS(); ++n) {
                bytes32 id = keccak256(abi.encode(owner, _handler.hashOf(n)));
                uint256 word = _word(address(_registry), id, 0);
                (uint8 status, uint32 epoch, uint64 version) = _handler.twin(o, n);
                require(uint8(word) == status, "status");
                require(uint32(word >> 8) == epoch, "epoch");
                require(uint64(word >> 40) == version, "version");
                require((status == 0) == (word == 0), "a word without an act");
                require(uint8(word >> 144) == 0 && word >> 200 == 0, "unused bits");
                (bool stands,,) = _registry.standing(owner, _handler.hashOf(n));
                (, uint32 ownerEpoch,,) = _handler.owners(o);
                require(stands == (status == 1 && epoch == ownerEpoch), "standing");
            }
        }
    }

    function invariant_zeroIsNoId() external view {
        require(_word(address(_registry), bytes32(0), 0) == 0, "grant zero");
        require(_word(address(_registry), bytes32(0), 1) == 0, "owner zero");
        for (uint256 o = 0; o < _handler.OWNERS(); ++o) {
            bytes32 id = keccak256(abi.encode(_handler.addressOf(o), bytes32(0)));
            require(_word(address(_registry), id, 0) == 0, "opening zero");
        }
    }

    function testFuzz_hashOpeningIsTheStructHash(GrantOpening calldata o) external view {
        bytes32 expected = keccak256(
            bytes.concat(
                abi.encode(GRANT_OPENING_TYPEHASH, o.granteeKind, o.grantee, o.scope, o.verFrom),
                abi.encode(o.verTo, o.purposes, o.notBefore, o.notAfter, o.budget, o.window, o.salt)
            )
        );
        require(_registry.hashOpening(o) == expected, "hash");
    }

    function testFuzz_onlyTheOwnerFillsHerSlot(address owner, address other, bytes32 hash)
        external
    {
        if (hash == 0 || owner == other) return;
        VM.prank(other);
        _registry.grant(hash, 1, 1, FOREVER);
        require(GrantId.unwrap(_registry.grantIdOf(owner, hash)) != 0, "an id");
        require(_registry.grantWord(_registry.grantIdOf(owner, hash)) == 0, "not hers");
        require(_registry.grantWord(_registry.grantIdOf(other, hash)) != 0, "the sender's");
    }

    function testFuzz_noSignatureByChance(
        address owner,
        bytes32 hash,
        bytes32 r,
        bytes32 s,
        uint8 v
    ) external {
        if (owner.code.length > 0) return;
        bytes memory signature = abi.encodePacked(r, s, v);
        (bool accepted,) = address(_registry)
            .call(abi.encodeCall(_registry.grantBySig, (owner, hash, 1, 1, FOREVER, signature)));
        require(!accepted, "forged");
    }

    function _compareOwner(uint256 o, address owner) private view {
        (bool open, uint32 epoch, uint32 purposes, uint32 version) = _handler.owners(o);
        uint256 word = _word(address(_registry), bytes32(uint256(uint160(owner))), 1);
        require(open == (word != 0), "open");
        if (!open) return;
        require(uint8(word) == 1, "owner status");
        require(uint32(word >> 8) == epoch, "owner epoch");
        require(uint32(word >> 80) == purposes, "optOut");
        require(uint32(word >> 112) == version, "optOut version");
        require(word >> 144 == 0, "unused bits");
    }
}
