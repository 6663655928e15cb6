// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Typed messages: what every contract that takes signatures has in common.
/// @notice EIP-712 domain {name "Keyward", version "1", chainId, verifyingContract}. A signature is
/// 65 bytes r‖s‖v with a low s by the signer's own key, whatever code stands at its address; only
/// if that fails is the code there asked (ERC-1271).
interface ITypedMessages {
    /// @notice Neither the signer's key nor the code at its address vouches for this message.
    error TypedMessagesBadSignature(address signer);

    /// @notice The message came too late.
    error TypedMessagesExpired(uint64 deadline, uint256 timestamp);

    /// @notice A list is empty or longer than 64 items.
    error TypedMessagesListLength(uint256 length);

    /// @notice Address zero signs nothing.
    error TypedMessagesZeroSigner();

    /// @notice The EIP-712 domain separator of this contract on this chain.
    function domainSeparator() external view returns (bytes32);
}
