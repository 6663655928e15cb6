// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev What a gate has proven for one request: words at the block of request.conf (0) and at the
/// head (1), and what else checks 34–45 read.
struct Proven {
    uint8 kind;
    uint8 want;
    uint8 purpose;
    uint32 bindingEpoch;
    uint32 shareEpoch;
    uint32 emergencyEpoch;
    bool hasSub;
    bool ownDelegate;
    uint64 subVersion;
    uint64 headTime;
    uint64 notBefore;
    uint64 notAfter;
    uint64 subNotBefore;
    uint64 subNotAfter;
    Notices notices;
    uint256[] nodes;
    uint256[2] grant;
    uint256[2] owner;
    uint256[2] account;
    uint256[2] delegator;
    uint256[2] record;
    uint256[2] wish;
    uint256[2][] members;
    uint256[2][] signers;
    uint256[3][] orgs;
}

/// @dev Direct notices: the highest number of each kind; `said` tells which are there.
struct Notices {
    uint8 said;
    uint64 revokedVersion;
    uint32 ownerEpoch;
    uint32 bindingEpoch;
    uint32 optOutVersion;
    uint32 optOut;
    uint8 wish;
    uint64 wishVersion;
}

/// @title The part of the release rule that is about proven words, for tests: SECURITY.md §7 and
/// §9.2, checks 34–45, with what docs/decisions/0026 adds for sub-grants.
/// @notice Written from those pages alone, bit by bit, and compared with core/decide.ts on random
/// states (tools/check-decide.ts). It shares no code with the contracts or the node.
contract DecisionView {
    uint8 private constant EMERGENCY = 5;
    uint8 private constant SHARE = 0;
    uint8 private constant PACK = 2;
    uint256 private constant GATE = 1 << 255;
    uint256 private constant SAFE_MAX = (1 << 53) - 1;

    uint8 private constant REVOKED = 1;
    uint8 private constant OWNER_EPOCH = 2;
    uint8 private constant BINDING_EPOCH = 4;
    uint8 private constant OPT_OUT = 8;
    uint8 private constant WISH = 16;
    uint8 private constant HANDED_BACK = 32;

    uint16 private constant CLINICIAN = 2;

    error DecisionViewOtherLength(uint256 read, uint256 given);

    /// @notice The code of the first check that fails, 0 if none does, for each state in turn; two
    /// bytes each.
    function codes(uint256[] calldata states, uint256 count) external pure returns (bytes memory) {
        bytes memory found = new bytes(2 * count);
        uint256 place = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint256 free;
            assembly ("memory-safe") {
                free := mload(0x40)
            }
            Proven memory p;
            (p, place) = _read(states, place);
            uint16 code = _code(p);
            found[2 * i] = bytes1(uint8(code >> 8));
            found[2 * i + 1] = bytes1(uint8(code));
            assembly {
                mstore(0x40, free) // each state's memory is used for the next
            }
        }
        if (place != states.length) revert DecisionViewOtherLength(place, states.length);
        return found;
    }

    // ---- the rule, in the order of §9.2

    function _code(Proven memory p) private pure returns (uint16) {
        bool emergency = p.kind == EMERGENCY;
        if (!_wellFormed(p, 0) || !_wellFormed(p, 1)) return 504;
        if (!emergency) {
            if (p.grant[0] == 0 || p.grant[1] == 0) return 505;
            if (uint8(p.grant[0]) != 1 || uint8(p.grant[1]) != 1) return 506;
            if (p.grant[0] != p.grant[1]) return 507;
            if (p.hasSub && uint64(p.grant[0] >> 40) != p.subVersion) return 413;
            if (_said(p, REVOKED) && p.notices.revokedVersion > uint64(p.grant[1] >> 40)) {
                return 508;
            }
        }
        if (_said(p, HANDED_BACK)) return 516;
        if (!_ownerStands(p, 0) || !_ownerStands(p, 1)) return 509;
        if (_said(p, OWNER_EPOCH) && p.notices.ownerEpoch > uint32(p.owner[1] >> 8)) return 509;
        if (!_requesterStands(p, 0) || !_requesterStands(p, 1)) return 510;
        if (_said(p, BINDING_EPOCH) && p.notices.bindingEpoch > p.bindingEpoch) return 510;
        if (!_mayAsk(p, 0) || !_mayAsk(p, 1)) return 511;
        if (p.want != PACK) {
            if (!_isLive(p.record[0]) || !_isLive(p.record[1])) return 512;
            if (
                p.want == SHARE && uint32(p.record[0] >> 8) != p.shareEpoch
                    && uint32(p.record[1] >> 8) != p.shareEpoch
            ) return 513;
        }
        if (emergency && !_isWished(p)) return 514;
        return _lastCode(p);
    }

    /// @dev Check 45, and 45a.
    function _lastCode(Proven memory p) private pure returns (uint16) {
        uint256 bit = uint256(1) << p.purpose;
        if ((p.owner[0] >> 80) & bit & type(uint32).max != 0) return 515;
        if ((p.owner[1] >> 80) & bit & type(uint32).max != 0) return 515;
        if (
            _said(p, OPT_OUT) && p.notices.optOut & bit != 0
                && p.notices.optOutVersion > uint32(p.owner[1] >> 112)
        ) return 515;
        if (p.headTime < p.notBefore) return 408;
        if (p.headTime >= p.notAfter) return 409;
        if (p.hasSub) {
            if (p.headTime < p.subNotBefore) return 408;
            if (p.headTime >= p.subNotAfter) return 409;
        }
        return 0;
    }

    function _ownerStands(Proven memory p, uint256 b) private pure returns (bool) {
        uint32 epoch = p.kind == EMERGENCY ? p.emergencyEpoch : uint32(p.grant[b] >> 8);
        return uint8(p.owner[b]) == 1 && uint32(p.owner[b] >> 8) == epoch;
    }

    function _requesterStands(Proven memory p, uint256 b) private pure returns (bool) {
        return uint8(p.account[b]) == 1 && uint32(p.account[b] >> 8) == p.bindingEpoch;
    }

    /// @dev Check 41, and 41a.
    function _mayAsk(Proven memory p, uint256 b) private pure returns (bool) {
        if (p.kind == EMERGENCY) {
            if (!_works(p, p.account[b], 0, CLINICIAN, b)) return false;
            for (uint256 i = 0; i < p.signers.length; ++i) {
                if (!_works(p, p.signers[i][b], 0, CLINICIAN, b)) return false;
            }
            return true;
        }
        if (p.hasSub) {
            uint256 delegator = p.ownDelegate ? p.account[b] : p.delegator[b];
            return _works(p, delegator, 0, CLINICIAN, b)
                && _works(p, p.account[b], uint32(delegator >> 40), 0, b);
        }
        if (p.nodes.length == 0) return true; // one account: check 28 compared it
        (bool holds,) = _holds(p, 0, b);
        return holds;
    }

    /// @dev Of this organisation, or of any if it is 0, which is active; open, with these roles.
    function _works(Proven memory p, uint256 word, uint32 org, uint16 roles, uint256 b)
        private
        pure
        returns (bool)
    {
        uint32 home = uint32(word >> 40);
        if (uint8(word) != 1 || home == 0 || (org != 0 && home != org)) return false;
        if (uint16(word >> 72) & roles != roles) return false;
        return uint8(_orgWord(p, home, b)) == 1;
    }

    /// @dev The node at `place` and where the next one is. Gate: bits 0–7 k, 8–15 children. Leaf: 0–31
    /// organisation, 32–47 roles, 48–55 place of its group among `members`, from 1.
    function _holds(Proven memory p, uint256 place, uint256 b)
        private
        pure
        returns (bool holds, uint256 next)
    {
        uint256 node = p.nodes[place];
        next = place + 1;
        if (node & GATE == 0) return (_leafHolds(p, node, b), next);
        uint256 count = 0;
        uint256 children = uint8(node >> 8);
        for (uint256 i = 0; i < children; ++i) {
            bool one;
            (one, next) = _holds(p, next, b);
            if (one) ++count;
        }
        holds = count >= uint8(node);
    }

    function _leafHolds(Proven memory p, uint256 leaf, uint256 b) private pure returns (bool) {
        uint32 org = uint32(leaf);
        uint16 roles = uint16(leaf >> 32);
        if ((org != 0 || roles != 0) && !_works(p, p.account[b], org, roles, b)) return false;
        uint256 group = uint8(leaf >> 48);
        return group == 0 || uint8(p.members[group - 1][b]) == 1;
    }

    function _isLive(uint256 record) private pure returns (bool) {
        return uint8(record) >= 1 && uint8(record) <= 4;
    }

    function _isWished(Proven memory p) private pure returns (bool) {
        for (uint256 b = 0; b < 2; ++b) {
            if (uint8(p.wish[b]) != 1 && uint8(p.wish[b]) != 2) return false;
        }
        if (!_said(p, WISH) || p.notices.wish == 1 || p.notices.wish == 2) return true;
        return p.notices.wishVersion <= uint64(p.wish[1] >> 8);
    }

    function _said(Proven memory p, uint8 what) private pure returns (bool) {
        return p.notices.said & what != 0;
    }

    // ---- check 34: unused bits zero, known status, numbers that can travel (§3)

    function _wellFormed(Proven memory p, uint256 b) private pure returns (bool) {
        if (p.kind != EMERGENCY) {
            uint256 used = _ones(0, 144) | _ones(152, 48);
            if (!_isWord(p.grant[b], used, 2) || uint64(p.grant[b] >> 40) > SAFE_MAX) return false;
        } else {
            if (!_isWord(p.wish[b], _ones(0, 112), 3)) return false;
            if (uint64(p.wish[b] >> 8) > SAFE_MAX) return false;
        }
        if (!_isWord(p.owner[b], _ones(0, 144), 1)) return false;
        if (!_isAccount(p.account[b])) return false;
        if (p.hasSub && !p.ownDelegate && !_isAccount(p.delegator[b])) return false;
        if (p.want != PACK && !_isWord(p.record[b], _ones(0, 152), 5)) return false;
        for (uint256 i = 0; i < p.members.length; ++i) {
            if (!_isWord(p.members[i][b], _ones(0, 48), 1)) return false;
        }
        for (uint256 i = 0; i < p.signers.length; ++i) {
            if (!_isAccount(p.signers[i][b])) return false;
        }
        return _orgsAreWellFormed(p, b);
    }

    /// @dev Of the organisations that the policy names, or that whoever must be employed is of.
    function _orgsAreWellFormed(Proven memory p, uint256 b) private pure returns (bool) {
        bool anywhere = p.kind == EMERGENCY || p.hasSub;
        for (uint256 i = 0; i < p.nodes.length; ++i) {
            uint256 node = p.nodes[i];
            if (node & GATE != 0) continue;
            if (!_isOrg(p, uint32(node), b)) return false;
            if (uint32(node) == 0 && uint16(node >> 32) != 0) anywhere = true;
        }
        if (!anywhere) return true;
        for (uint256 other = 0; other < 2; ++other) {
            if (!_isOrg(p, uint32(p.account[other] >> 40), b)) return false;
            if (p.hasSub && !p.ownDelegate) {
                if (!_isOrg(p, uint32(p.delegator[other] >> 40), b)) return false;
            }
            for (uint256 i = 0; i < p.signers.length; ++i) {
                if (!_isOrg(p, uint32(p.signers[i][other] >> 40), b)) return false;
            }
        }
        return true;
    }

    function _isOrg(Proven memory p, uint32 org, uint256 b) private pure returns (bool) {
        return org == 0 || _isWord(_orgWord(p, org, b), _ones(0, 48), 2);
    }

    function _isAccount(uint256 word) private pure returns (bool) {
        return _isWord(word, _ones(0, 128), 2);
    }

    function _isWord(uint256 word, uint256 used, uint8 statuses) private pure returns (bool) {
        return word == 0 || (word & ~used == 0 && uint8(word) >= 1 && uint8(word) <= statuses);
    }

    function _ones(uint256 low, uint256 length) private pure returns (uint256) {
        return ((uint256(1) << length) - 1) << low;
    }

    function _orgWord(Proven memory p, uint32 org, uint256 b) private pure returns (uint256) {
        for (uint256 i = 0; i < p.orgs.length; ++i) {
            if (p.orgs[i][0] == org) return p.orgs[i][1 + b];
        }
        return 0;
    }

    // ---- how a state is written (tools/decide-states.ts)

    function _read(uint256[] calldata from, uint256 place)
        private
        pure
        returns (Proven memory p, uint256)
    {
        uint256 head = from[place];
        p.kind = uint8(head);
        p.want = uint8(head >> 8);
        p.purpose = uint8(head >> 16);
        p.bindingEpoch = uint32(head >> 24);
        p.shareEpoch = uint32(head >> 56);
        p.emergencyEpoch = uint32(head >> 88);
        p.subVersion = uint64(head >> 160);
        p.hasSub = (head >> 153) & 1 != 0;
        p.ownDelegate = (head >> 154) & 1 != 0;
        uint256 times = from[place + 1];
        (p.headTime, p.notBefore, p.notAfter) =
            (uint64(times), uint64(times >> 64), uint64(times >> 128));
        place += 2;
        if ((head >> 152) & 1 != 0) {
            p.notices = _readNotices(from[place], from[place + 1]);
            place += 2;
        }
        if (p.hasSub) {
            (p.subNotBefore, p.subNotAfter) = (uint64(from[place]), uint64(from[place] >> 64));
            ++place;
        }
        p.nodes = new uint256[](uint8(head >> 120));
        for (uint256 i = 0; i < p.nodes.length; ++i) {
            p.nodes[i] = from[place + i];
        }
        return (p, _readWords(p, head, from, place + p.nodes.length));
    }

    function _readNotices(uint256 word, uint256 more) private pure returns (Notices memory) {
        return Notices({
            said: uint8(word),
            wish: uint8(word >> 8),
            ownerEpoch: uint32(word >> 16),
            bindingEpoch: uint32(word >> 48),
            optOutVersion: uint32(word >> 80),
            optOut: uint32(word >> 112),
            revokedVersion: uint64(word >> 144),
            wishVersion: uint64(more)
        });
    }

    function _readWords(Proven memory p, uint256 head, uint256[] calldata from, uint256 place)
        private
        pure
        returns (uint256)
    {
        if (p.kind != EMERGENCY) (p.grant, place) = _pair(from, place);
        (p.owner, place) = _pair(from, place);
        (p.account, place) = _pair(from, place);
        if (p.hasSub && !p.ownDelegate) (p.delegator, place) = _pair(from, place);
        if (p.want != PACK) (p.record, place) = _pair(from, place);
        if (p.kind == EMERGENCY) (p.wish, place) = _pair(from, place);
        p.members = new uint256[2][](uint8(head >> 136));
        for (uint256 i = 0; i < p.members.length; ++i) {
            (p.members[i], place) = _pair(from, place);
        }
        p.signers = new uint256[2][](uint8(head >> 144));
        for (uint256 i = 0; i < p.signers.length; ++i) {
            (p.signers[i], place) = _pair(from, place);
        }
        p.orgs = new uint256[3][](uint8(head >> 128));
        for (uint256 i = 0; i < p.orgs.length; ++i) {
            p.orgs[i] = [from[place], from[place + 1], from[place + 2]];
            place += 3;
        }
        return place;
    }

    function _pair(uint256[] calldata from, uint256 place)
        private
        pure
        returns (uint256[2] memory, uint256)
    {
        return ([from[place], from[place + 1]], place + 2);
    }
}
