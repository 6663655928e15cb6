/**
 * Every bound in the system, with its reason. Names end in their unit. SECURITY.md §12 is the
 * source unless another stands. A test asserts that each is exported once and used.
 * @module
 */
const KIB = 1_024
const MIB = 1_024 * KIB
const SECOND_MS = 1_000

// ---- records and containers
/** 2^40 B: beyond it `padme` and the u88 counter are untested, and no record is that large. */
export const RECORD_MAX_BYTES = 2 ** 40
/** The smallest padded record: hides whether a note is one word or one page. */
export const RECORD_MIN_PADDED_BYTES = KIB
/** STREAM chunk (SECURITY.md §4). */
export const CHUNK_BYTES = 64 * KIB
/** The meta map: a file name of 255 B, a MIME type, a FHIR type, a hash. */
export const META_MAX_BYTES = 4 * KIB
export const FILE_NAME_MAX_CHARS = 255

/** First bytes that tell what a record is: DICOM's modality stands within 2 kB. */
export const RECOGNISE_BYTES = 16 * KIB
/** FHIR that is checked: a year of Synthea data is below 4 MiB; 64 MiB take 13 s in a worker. */
export const FHIR_MAX_BYTES = 64 * MIB
/** Faults that are told of one file; more are counted. */
export const FHIR_FAULTS_TOLD = 20

// ---- custody
/** Shamir's x is one byte, and nobody chooses more than 16 clinics. */
export const CUSTODIANS_MAX = 16
export const THRESHOLD_MIN = 2
/** Content and custody maps with 16 custodians and 3 addresses each stay far below. */
export const MANIFEST_MAX_BYTES = 12 * KIB
/** Multiaddrs that a manifest, capsule or card may carry for one peer. */
export const ADDRS_PER_PEER = 8
export const ADDR_MAX_BYTES = 256
export const STANDBY_MAX = 8
/** Replicas that a manifest names: three are asked for, a clinic and its sites are more. */
export const REPLICAS_MAX = 16
export const LABELS_MAX = 32
export const MONTHS_MAX = 16
/** Items that one signature may cover (SECURITY.md §7). */
export const ITEMS_PER_SIGNATURE = 64

// ---- keys
/** Ed25519 keys whose subgroup was checked: a hundred bytes each, more than the peers one meets. */
export const ED25519_KEYS_CHECKED = 4_096

// ---- grants
export const SCOPE_TAGS_MAX = 128
export const SCOPE_EXCEPT_MAX = 64
/** A sub-grant's lists are a colleague's few records; with the grant's full ones a request fits. */
export const SUB_TAGS_MAX = 64
export const SUB_EXCEPT_MAX = 32
/** Grants and sub-grants that one account may hand back to one custodian: one a day for 10 years. */
export const HAND_BACKS_MAX = 4_096
export const TREE_MAX_BYTES = 1_024
export const TREE_LEVELS = 4
export const TREE_LEAVES = 16
export const TREE_CHILDREN = 8
/** Sixteen leaves with an organisation, four roles and a group each, and gates, take half. */
export const POLICY_TEXT_MAX_CHARS = 4 * KIB
export const CAPSULE_RECORDS_MAX = 64
/** Versions that all capsules of one grant may add up to: a chart of twenty years. */
export const GRANT_RECORDS_MAX = 4_096
/** People of a department who get the capsule at once; each is sealed for and mailed. */
export const GRANT_READERS_MAX = 64
export const CAPSULE_MAX_BYTES = MIB
/** ERC-1271 signatures have any length; multi-signers of 30 parties fit. */
export const SIGNATURE_MAX_BYTES = 2_048
/** Who may help to recover an account; a plan waits so long for a veto (Guardians.sol). */
export const RECOVERY_HELPERS_MAX = 8
export const RECOVERY_DELAY_MIN_SECONDS = 86_400
export const RECOVERY_DELAY_MAX_SECONDS = 90 * 86_400
export const BINDING_MAX_SECONDS = 30 * 86_400
/** HL7's codes have at most 12 characters; national ones are longer. */
export const HL7_CODE_MAX_CHARS = 32
export const EMERGENCY_SIGNERS_MAX = 8
export const EMERGENCY_MIN_SECONDS = 3_600
export const EMERGENCY_MAX_SECONDS = 86_400
/** As many organisations as a review's word holds. */
export const NOTICE_SIGNERS_MAX = 5
/** Founding organisations of a Directory (Directory.sol): one transaction makes them all. */
export const FOUNDERS_MAX = 64
/** Organisations whose verdicts are looked for: a consortium numbers its first ones so. */
export const ORGANISATIONS_TRIED = 64
/** Accounts of peers whose organisations are looked at for verdicts: one question of proofs. */
export const ATTESTERS_SEEN = 128
/** A proposal of the Directory as text: a kind, an account and four numbers. */
export const PROPOSAL_TEXT_MAX_CHARS = 160
/** Consents to join that wait with an admin; the oldest go first. */
export const CONSENTS_KEPT = 128
/** A list of records waits no longer for what the chain says of them. */
export const ATTESTED_WAIT_MS = 3 * SECOND_MS
/** For the review of a broken glass: a week has one working meeting of any committee. */
export const REVIEW_SECONDS = 7 * 86_400
/** What clinicians write why they break a glass, in the same bound as the reasons of wishes. */
export const GLASS_MAX_BYTES = 16 * KIB
/** One page of a pack: a frame holds it with answer, link and receipt (under 3 kB) around it. */
export const PACK_PAGE_BYTES = 13 * KIB
/** Custodians and replicas of one page's records whose addresses it tells. */
export const PACK_ADDRS_MAX = 32
/** Pages that a reader takes from one custodian: some 3,000 records, more than a life has. */
export const PACK_PAGES_MAX = 512
export const REQUEST_DEADLINE_SECONDS = 60
/** Guard on the start of a binding: a phone whose clock is two minutes off still works. */
export const BINDING_GUARD_SECONDS = 120

// ---- wire
/** A request of 12 kB with a full tree, tags and signatures fits; nothing larger is honest. */
export const FRAME_MAX_BYTES = 16 * KIB
/** Deals, capsules and mail travel in larger frames on their own protocols. */
export const CUSTODY_FRAME_MAX_BYTES = 64 * KIB
/** One sealed capsule of 64 manifests, or a page of receipts. */
export const INBOX_FRAME_MAX_BYTES = MIB + 16 * KIB
/** A UnixFS leaf of 4 sealed chunks (262,208 B), or a node of 1,024 links; with its header. */
export const BLOCK_MAX_BYTES = 512 * KIB
export const EXCHANGE_MAX_MS = 5 * SECOND_MS
/** Time for an unfinished frame, or a stream that never asked anything. */
export const FRAME_MAX_MS = 5 * SECOND_MS
/** A stream that was served before may rest this long. */
export const STREAM_IDLE_MS = 60 * SECOND_MS
export const NEGOTIATION_MAX_MS = 5 * SECOND_MS
/** A dial with noise and yamux on a slow mobile link. */
export const DIAL_MAX_MS = 10 * SECOND_MS
/** Requests under way on one access stream. */
export const REQUESTS_PIPELINED = 4
export const STREAMS_IN = 4
export const STREAMS_OUT = 4
export const DHT_STREAMS_IN = 8
export const DHT_STREAMS_OUT = 16
export const REQUESTS_PER_SECOND = 10
export const REQUESTS_BURST = 20
/** Answers that hide existence leave at the next multiple of this after arrival (§9.2). */
export const DENIED_STEP_MS = 300
/** Requests in work at one custodian; the rest hear BUSY (F13: ≥ 100/s on 2 cores, ≤ 1 s). */
export const REQUESTS_QUEUED = 64
/** Who heard BUSY comes back after this: the queue is served within a second. */
export const BUSY_RETRY_MS = SECOND_MS
/** yamux's window grows to 16 MiB by default, past the 4 MiB read buffer (P2P.md §3). */
export const STREAM_WINDOW_BYTES = 2 * MIB
/** A frame beyond FRAME_MAX_BYTES gets a second more for each such piece: a slow phone's uplink. */
export const FRAME_BYTES_PER_SECOND = 16 * KIB
/** Peers whose rate of asking is remembered: thrice what a daemon has connections. */
export const RATE_PEERS = 1_024
/** A sign of life while a custodian pulls blocks or waits for a block of the chain. */
export const HEARTBEAT_MS = 2 * SECOND_MS
/** Five heartbeats missed: the peer is dead, not slow. */
export const HEARTBEAT_LOST_MS = 10 * SECOND_MS

// ---- connections
export const CONNECTIONS_DAEMON = 300
export const CONNECTIONS_LIGHT = 50
export const INBOUND_PER_SECOND = 5
export const INBOUND_PENDING = 10
/** Addresses of a peer, as long as its provider records: 48 h, and an hour to renew them in. */
export const PEER_KEPT_MS = 49 * 3_600 * SECOND_MS
/** Phones and pages that one clinic relays for. */
export const RELAY_RESERVATIONS = 128
/** A relayed connection: long enough to be granted a share, too short to move films through. */
export const RELAY_MAX_MS = 120 * SECOND_MS
export const RELAY_BYTES = 4 * MIB

// ---- inbox
/** Mail waiting for one account: a year of daily wishes. */
export const MAILBOX_ITEMS = 512
export const MAILBOX_BYTES = 16 * MIB
/** Accounts that one clinic keeps mail for. */
export const MAILBOX_ACCOUNTS = 100_000
export const WISH_TEXT_MAX_CHARS = 1_024
export const NAME_MAX_CHARS = 128
/** A receipt's body has 21 short fields, about 900 bytes. */
export const RECEIPT_MAX_BYTES = 2 * KIB
/** Links in one export: a day of 45 a minute, some 60 MB in memory. */
export const EXPORT_LINKS_MAX = 65_536
/** A wish of 64 records and classes with a reason of 1,024 characters. */
export const WISH_MAX_BYTES = 16 * KIB
/** Classes and records that a wish may name; a grant has 128 tags for them all. */
export const WISH_SCOPE_MAX = 64
/** Receipts in one page of a patient's history. */
export const RECEIPTS_PER_PAGE = 256
/** Mail in one page, as many as its frame holds. */
export const MAIL_PER_PAGE = 64

// ---- blocks
/** A right to fetch blocks, once proven, serves this long; then it is proven again. */
export const BLOCKS_RIGHT_MS = 60 * SECOND_MS
/** Rights that the gate gave and that have not run out: 60 s of the busiest hour. */
export const BLOCK_RIGHTS_MAX = 16_384
/** Nobody waits longer for the next block of a stream. */
export const BLOCK_WAIT_MS = 10 * SECOND_MS
/** Blocks kept aside when a reader asks out of order. */
export const BLOCKS_AHEAD = 16
/** Links of one UnixFS node (SECURITY.md §4). */
export const DAG_CHILDREN = 1_024
/** A DAG of 2^40 B in leaves of 256 KiB has 4 levels; one more for safety. */
export const DAG_LEVELS = 5
/** A record of 2^40 B has 4,198,405 blocks; a DAG with more was made to keep us busy. */
export const DAG_BLOCKS_MAX = 2 ** 23
/** Blocks read at once while as many are sent: 4 MiB a stream, and fewer, larger noise messages. */
export const BLOCKS_READ_AHEAD = 8

// ---- gossip and DHT (libp2p's own defaults let one peer store 48,000 records in 8 s, §12)
export const GOSSIP_MESSAGE_BYTES = 4 * KIB
export const GOSSIP_SUBSCRIPTIONS = 64
export const GOSSIP_MESSAGES = 64
export const GOSSIP_IHAVE = 500
export const GOSSIP_CONTROL = 200
/** Hints remembered, so that each is passed on once. */
export const HINTS_SEEN = 1_024
/**
 * One gossip frame, which holds all of these at once: gossipsub drops a neighbour whose frame is
 * longer, so that 4 KiB here would part honest nodes at the first list of ids.
 */
export const GOSSIP_RPC_BYTES = GOSSIP_MESSAGES * GOSSIP_MESSAGE_BYTES + 64 * KIB
export const PROVIDERS_PER_SECOND = 10
export const PROVIDER_KEYS_MAX = 20_000
export const PROVIDER_BYTES_MAX = 200 * MIB
/** A clinic that comes back after a while announces many records at once. */
export const PROVIDERS_BURST = 100
/** js-libp2p opens a stream a message. */
export const DHT_MESSAGES_PER_STREAM = 32
/** Lookups of ours under way: each takes a stream or two at a peer, which allows DHT_STREAMS_IN. */
export const LOOKUPS_AT_ONCE = 4
/** Further ones wait: a clinic that came back announces all its records. */
export const LOOKUPS_QUEUED = 4_096
/** Bootstrap peers that were reached are waited for this long to show up in the DHT. */
export const JOIN_MAX_MS = 3 * SECOND_MS
/** Bootstrap peers that are away are dialled again: each member finds one that is back by then. */
export const REJOIN_MS = 10 * SECOND_MS
/** A lookup that has not ended by then will not. */
export const LOOKUP_MAX_MS = 20 * SECOND_MS

// ---- chain
export const RPC_MAX_MS = 3 * SECOND_MS
/** An answer of eth_getProof for 8 slots at mainnet depth is below 64 kB. */
export const RPC_BODY_BYTES = 2 * MIB
export const PROOF_NODES_MAX = 64
export const PROOF_NODE_BYTES = 4 * KIB
/** Slots that one eth_getProof may ask for: 128 proofs of 4 kB in hex fill half a body. */
export const PROOF_SLOTS_MAX = 128
/** An endpoint that has not proven by then gets company; the gate has 5 s in all. */
export const PROOF_HEDGE_MS = 400
/** Blocks whose proven words are kept: heads of a minute and the confirmed blocks asked for. */
export const PROVEN_BLOCKS = 8
/** Words of one kind whose meaning is remembered: four for each request under way, twice over. */
export const WORDS_DECODED = 512
/** A header is 0.6 kB; a proof-of-authority checkpoint lists its sealers in the extra data. */
export const HEADER_MAX_BYTES = 8 * KIB
export const HEADER_EXTRA_MAX_BYTES = 4 * KIB
/** Headers of a consortium chain whose seals were checked: those of a minute. */
export const SEALED_HEADERS_KEPT = 64
/** Accounts that seal a consortium's blocks; a header must hold the seals of all. */
export const SEALERS_MAX = 50
/** Once q endpoints have answered, the others have this long to join in. */
export const HEAD_GRACE_MS = 250
/** Headers walked by parentHash in one go; a longer gap is bridged by q equal answers. */
export const HEADERS_WALKED = 512
export const HEADERS_AT_ONCE = 32
/** Events in one answer: more than RPC_BODY_BYTES holds, at some 600 bytes each. */
export const LOGS_MAX = 8_192
/** Blocks that a follower remembers: an hour and a half of L1, deeper than any reorg seen there. */
export const FOLLOWED_BLOCKS = 512
/** Headers that it walks at once; after a longer gap it begins anew and says so. */
export const FOLLOW_WALK_BLOCKS = 256
/** Changes that it tells at once; where there are more, everything may have changed. */
export const FOLLOW_CHANGES = 16_384
/** Between two looks at the head: half a block time, within these. */
export const FOLLOW_MIN_MS = 250
export const FOLLOW_MAX_MS = 6 * SECOND_MS
/** EIP-170: no contract's code is larger. */
export const CODE_MAX_BYTES = 24 * KIB
/** A head that was asked for this long ago is asked for again. */
export const HEAD_CACHE_MS = SECOND_MS
/** Verified bindings and proven words kept for reuse (tens of kB each head). */
export const PROVEN_CACHE_ITEMS = 4_096
export const BINDING_CACHE_ITEMS = 4_096
/** Of one author through one relayer: 64 records at once, then one a minute. */
export const RELAYS_BURST = 64
export const RELAYS_PER_SECOND = 1 / 60
/** Messages on their way to the chain through one relayer. */
export const RELAYS_PENDING = 64
/** Notices for which the author's code is asked, of each peer: a guardian revokes a handful. */
export const CODE_ASKS_BURST = 32
export const CODE_ASKS_PER_SECOND = 1 / 10
/** Messages that a relayer can send again after a reorg: an hour of the busiest. */
export const RELAYS_REMEMBERED = 256
/** A transaction that no block took by then is reported as not sent. */
export const TX_WAIT_MS = 60 * SECOND_MS
/** A block is looked for this often while a transaction waits; local chains mine at once. */
export const TX_POLL_MS = 150
/** A local chain starts in 0.1 s; loading a large state or a busy machine takes longer. */
export const ANVIL_START_MS = 20 * SECOND_MS
/** Writing its state takes it a second at most; then it is killed. */
export const ANVIL_STOP_MS = 5 * SECOND_MS
/** Blocks come each second; some are needed before a proof counts. */
export const DEV_READY_MS = 30 * SECOND_MS

/** Between two rounds of finishing what is degraded: one falls into any half minute. */
export const UPKEEP_MS = 20 * SECOND_MS
/** The same after a round that left something; doubled until it is UPKEEP_MS. */
export const UPKEEP_RETRY_MS = SECOND_MS
/** What a stop leaves to a round under way. */
export const UPKEEP_STOP_MS = 2 * SECOND_MS

// ---- stores
/** Evidence that need not be written again: a few heads with their words. */
export const EVIDENCE_KNOWN = 4_096
/** Kinds of junk (peer and code) that one minute counts apart. */
export const REFUSALS_COUNTED = 1_024
/** One entry of a journal: a share with its manifest, or a page of mail. */
export const JOURNAL_ENTRY_BYTES = 2 * MIB
/** Receipts that one fsync may cover. */
export const COMMIT_GROUP = 256
/** Grants whose read budgets are counted in memory. */
export const BUDGET_GRANTS = 100_000
/** Nodes that a fetch keeps, so that another provider can go on in the middle (256 GiB, 50 MB). */
export const DAG_NODES_KEPT = 1_024
/** Blocks lie in files of this size: a crash scans one, a compaction copies at most one. */
export const BLOCK_SEGMENT_BYTES = 1_024 * MIB
/** Files of blocks that stay open for reading. */
export const OPEN_SEGMENTS = 64
/** Bytes of one payload that may be ahead of the disk: the system never has to hold writers up. */
export const STORE_UNSYNCED_BYTES = 32 * MIB
/** One write of a store: joins what waits, and bounds what is joined in memory. */
export const STORE_WRITE_BYTES = 4 * MIB

// ---- the local HTTP interface
/** Arguments of a verb are ids and short text; records go by path. */
export const API_BODY_BYTES = 256 * KIB
/** Time to send those over loopback. */
export const API_REQUEST_MS = 10 * SECOND_MS
/** Verbs under way at once; the next hears RateLimitedError. */
export const API_VERBS_MAX = 64
/** One result: a history of 100,000 entries fits. */
export const API_LINE_BYTES = 64 * MIB
/** A daemon that does not say that it lives by then is busy or not one. */
export const API_PROBE_MS = 3 * SECOND_MS
/** What SIGTERM leaves to transfers under way (INTEROP.md §1.5). */
export const STOP_GRACE_MS = 10 * SECOND_MS
/** And to calls that were then aborted, to say so. */
export const STOP_ABORTED_MS = SECOND_MS
