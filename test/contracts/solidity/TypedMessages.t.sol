// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ITypedMessages} from "../../../contracts/interfaces/ITypedMessages.sol";
import {ContractWallet} from "../../../contracts/mocks/ContractWallet.sol";
import {TypedMessages} from "../../../contracts/TypedMessages.sol";
import {Chain} from "./Vm.sol";

/// @dev What the contracts that take signatures inherit, where it can be called.
contract Messages is TypedMessages {
    function checkSignature(address signer, bytes32 message, bytes calldata signature)
        external
        view
    {
        _checkSignature(signer, message, signature);
    }

    function checkDeadline(uint64 deadline) external view {
        _checkDeadline(deadline);
    }

    function checkLength(uint256 length) external pure {
        _checkLength(length);
    }
}

/// @title Who signed, when it is too late, and how long a list may be.
contract TypedMessagesTest is Chain {
    uint256 private constant KEY = 0x51C;
    uint256 private constant ORDER =
        0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    bytes32 private constant MESSAGE = keccak256("message");

    // Code of wallets that give one answer to whatever they are asked.
    bytes private constant YES = hex"631626ba7e60e01b5f5260205ff3";
    bytes private constant YES_CUT_SHORT = hex"631626ba7e60e01b5f5260045ff3";
    bytes private constant YES_AND_A_BIT = hex"631626ba7e60e01b6001175f5260205ff3";
    bytes private constant YES_FROM_THE_RIGHT = hex"631626ba7e5f5260205ff3";
    bytes private constant NO = hex"63ffffffff60e01b5f5260205ff3";
    bytes private constant NOTHING = hex"00";
    bytes private constant YES_BY_REVERT = hex"631626ba7e60e01b5f5260205ffd";

    Messages private _messages;
    address private _signer;

    function setUp() external {
        _messages = new Messages();
        _signer = _addr(KEY);
    }

    function test_theDomainIsOfThisContractOnThisChain() external {
        bytes32 typeHash = keccak256(
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
        );
        bytes32 expected = keccak256(
            abi.encode(
                typeHash, keccak256("Keyward"), keccak256("1"), block.chainid, address(_messages)
            )
        );
        require(_messages.domainSeparator() == expected, "domain");
        require(new Messages().domainSeparator() != expected, "shared with another contract");
    }

    function testFuzz_anAccountSignsWithItsKey(uint256 key, bytes32 message) external view {
        key = 1 + key % (ORDER - 1);
        bytes memory sig = _sign(key, _messages.domainSeparator(), message);
        _messages.checkSignature(VM.addr(key), message, sig);
    }

    /// @dev Recovery comes first: an EIP-7702 delegation does not cancel the key.
    function test_aKeyCountsWhateverCodeStandsAtItsAddress() external {
        bytes memory sig = _signed();
        bytes[3] memory codes = [NO, NOTHING, YES_BY_REVERT];
        for (uint256 i = 0; i < 3; ++i) {
            VM.etch(_signer, codes[i]);
            _messages.checkSignature(_signer, MESSAGE, sig);
        }
    }

    /// @dev One thing wrong a case: the key, the message, the contract that it was signed for.
    function test_aSignatureIsOfOneKeyOneMessageAndOneContract() external {
        bytes32 domain = _messages.domainSeparator();
        _refusesSignature(_signer, _sign(KEY + 1, domain, MESSAGE));
        _refusesSignature(_signer, _sign(KEY, domain, keccak256("another message")));
        _refusesSignature(_signer, _sign(KEY, new Messages().domainSeparator(), MESSAGE));
    }

    /// @dev The mirrored signature recovers to the same key, and there must be one of each only.
    function test_theMirroredSignatureIsRefused() external {
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(KEY, _digest());
        bytes32 mirrored = bytes32(ORDER - uint256(s));
        require(ecrecover(_digest(), 55 - v, r, mirrored) == _signer, "no mirror");
        _refusesSignature(_signer, abi.encodePacked(r, mirrored, 55 - v));
        _messages.checkSignature(_signer, MESSAGE, abi.encodePacked(r, s, v));
    }

    /// @dev 64 bytes are EIP-2098's short form, which is a second signature of the same message.
    function test_aSignatureIsSixtyFiveBytes() external {
        (uint8 v, bytes32 r, bytes32 s) = VM.sign(KEY, _digest());
        bytes32 short = bytes32(uint256(s) | (uint256(v - 27) << 255));
        _refusesSignature(_signer, abi.encodePacked(r, short));
        _refusesSignature(_signer, abi.encodePacked(r, s));
        _refusesSignature(_signer, abi.encodePacked(r, s, v, uint8(0)));
        _refusesSignature(_signer, "");
    }

    /// @dev ecrecover answers with address zero, which is no signer.
    function test_aSignatureThatRecoversToNobodyIsRefused() external {
        (, bytes32 r, bytes32 s) = VM.sign(KEY, _digest());
        for (uint256 v = 0; v < 27; ++v) {
            _refusesSignature(_signer, abi.encodePacked(r, s, uint8(v)));
        }
        _refusesSignature(_signer, abi.encodePacked(r, s, uint8(29)));
        _refusesSignature(_signer, new bytes(65));
    }

    function testFuzz_noOtherBytesSign(bytes calldata signature) external {
        _refusesSignature(_signer, signature);
    }

    function test_addressZeroSignsNothing() external {
        bytes4 reason = ITypedMessages.TypedMessagesZeroSigner.selector;
        bytes[2] memory signatures = [_signed(), new bytes(65)];
        for (uint256 i = 0; i < 2; ++i) {
            _refuses(
                abi.encodeCall(_messages.checkSignature, (address(0), MESSAGE, signatures[i])),
                abi.encodeWithSelector(reason)
            );
        }
    }

    function test_aWalletVouchesForWhatItsKeySigned() external {
        address wallet = address(new ContractWallet(_signer));
        _messages.checkSignature(wallet, MESSAGE, _signed());
        _refusesSignature(wallet, _sign(KEY + 1, _messages.domainSeparator(), MESSAGE));
        _refusesSignature(wallet, "");
        _refusesSignature(address(new ContractWallet(_addr(KEY + 1))), _signed());
    }

    /// @dev The wallet would vouch for the longer one too; it is not asked.
    function test_aWalletIsAskedAboutNoMoreThan2048Bytes() external {
        ContractWallet wallet = new ContractWallet(_signer);
        bytes memory longest = bytes.concat(_signed(), new bytes(2_048 - 65));
        bytes memory longer = bytes.concat(longest, hex"00");
        _messages.checkSignature(address(wallet), MESSAGE, longest);
        require(wallet.isValidSignature(_digest(), longer) == bytes4(0x1626ba7e), "no vouch");
        _refusesSignature(address(wallet), longer);
    }

    /// @dev The magic value alone, in a whole word that is returned, is a yes.
    function test_noOtherAnswerOfAWalletIsAYes() external {
        address wallet = address(0x3A11E7);
        _refusesSignature(wallet, "anything"); // no code
        bytes[6] memory codes =
            [YES_CUT_SHORT, YES_AND_A_BIT, YES_FROM_THE_RIGHT, NO, NOTHING, YES_BY_REVERT];
        for (uint256 i = 0; i < 6; ++i) {
            VM.etch(wallet, codes[i]);
            _refusesSignature(wallet, "anything");
            _refusesSignature(wallet, _signed());
        }
        VM.etch(wallet, YES);
        _messages.checkSignature(wallet, MESSAGE, "anything");
    }

    function testFuzz_theLastSecondIsTheDeadline(uint64 deadline, uint64 time) external {
        VM.warp(deadline);
        _messages.checkDeadline(deadline);
        VM.warp(time);
        if (time <= deadline) _messages.checkDeadline(deadline);
        else _refusesDeadline(deadline, time);
    }

    function test_aSecondAfterTheDeadlineIsTooLate() external {
        VM.warp(1_001);
        _messages.checkDeadline(1_001);
        _refusesDeadline(1_000, 1_001);
        _refusesDeadline(0, 1_001);
    }

    function test_aListHasOneItemTo64() external {
        for (uint256 length = 1; length <= 64; ++length) {
            _messages.checkLength(length);
        }
        uint256[3] memory wrong = [uint256(0), 65, type(uint256).max];
        for (uint256 i = 0; i < 3; ++i) {
            _refuses(
                abi.encodeCall(_messages.checkLength, (wrong[i])),
                abi.encodeWithSelector(
                    ITypedMessages.TypedMessagesListLength.selector, wrong[i]
                )
            );
        }
    }

    function _digest() private view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", _messages.domainSeparator(), MESSAGE));
    }

    function _signed() private view returns (bytes memory) {
        return _sign(KEY, _messages.domainSeparator(), MESSAGE);
    }

    function _refusesSignature(address signer, bytes memory signature) private {
        _refuses(
            abi.encodeCall(_messages.checkSignature, (signer, MESSAGE, signature)),
            abi.encodeWithSelector(ITypedMessages.TypedMessagesBadSignature.selector, signer)
        );
    }

    function _refusesDeadline(uint64 deadline, uint256 time) private {
        _refuses(
            abi.encodeCall(_messages.checkDeadline, (deadline)),
            abi.encodeWithSelector(ITypedMessages.TypedMessagesExpired.selector, deadline, time)
        );
    }

    /// @dev By the error and all that it says.
    function _refuses(bytes memory data, bytes memory expected) private {
        (bool accepted, bytes memory reason) = address(_messages).call(data);
        require(!accepted && keccak256(reason) == keccak256(expected), "another reason");
    }
}
