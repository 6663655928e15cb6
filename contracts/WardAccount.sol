// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IGuardians} from "./interfaces/IGuardians.sol";

/// @title The code of an account that has guardians, or that can be recovered.
/// @notice An owner delegates to it (EIP-7702); her own key goes on as before, since contracts and
/// gates recover first and ask code second. It has no storage and no power of its own.
contract WardAccount is IERC1271 {
    IGuardians private immutable _guardians;

    constructor(IGuardians guardians_) {
        _guardians = guardians_;
    }

    /// @dev An account takes coins as before.
    receive() external payable {}

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature)
        external
        view
        returns (bytes4)
    {
        return _guardians.vouches(address(this), hash, signature)
            ? IERC1271.isValidSignature.selector
            : bytes4(0xffffffff);
    }

    /// @notice Whom this account's code asks.
    function guardians() external view returns (address) {
        return address(_guardians);
    }
}
