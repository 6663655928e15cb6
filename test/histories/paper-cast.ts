/**
 * Sub-grants as requests show them, made from their meanings. Signatures are filled in by who has
 * keys; the fast tier's custodian is told the verdict instead.
 * @module
 */

import { scopeHash } from '../../core/grant.ts'
import { type Hash, hash } from '../../core/ids.ts'
import { Purpose } from '../../core/purposes.ts'
import { type ShownSub, subGrantHash } from '../../core/subgrant.ts'
import { type Cast, MEANINGS, type Meaning, named, OTHERS, p, type ShownPaper } from './cast.ts'
import { type Paper, type SubMeaning, subMeaning } from './subs.ts'

interface Made extends ShownPaper {
  readonly id: Hash
}

type Sign = (sub: ShownSub, signer: number) => Uint8Array

export class PaperCast {
  readonly #cast: Cast
  readonly #made = new Map<string, Made>()
  /** @default bytes of the right length */
  sign: Sign = () => new Uint8Array(65)

  constructor(cast: Cast) {
    this.#cast = cast
  }

  of(opening: number, paper: Paper): Made {
    const key = `${opening} ${paper.kind} ${paper.version}`
    let made = this.#made.get(key)
    if (made == null) {
      const sub = this.#make(opening, paper)
      made = { key, sub, id: subGrantHash(sub.grant, p) }
      this.#made.set(key, made)
    }
    return made
  }

  /** As receipts and hand-backs name it. */
  id(opening: number, paper: Paper): Hash {
    return this.of(opening, paper).id
  }

  #make(opening: number, { kind, version }: Paper): ShownSub {
    const { people, openingHashes } = this.#cast
    const means: SubMeaning = subMeaning(kind, MEANINGS[opening] as Meaning)
    const scoped = (covers: boolean): readonly Hash[] => this.#cast.scopeTags(covers)
    const [verFrom, verTo] = means.versions
    const unsigned: ShownSub = {
      grant: {
        owner: means.ofOwner ? people.owner : OTHERS.owner,
        openingHash: openingHashes[
          means.ofGrant ? opening : (opening + 1) % MEANINGS.length
        ] as Hash,
        version,
        delegate: people.accounts[means.delegate] as (typeof people.accounts)[number],
        scope: scopeHash(scoped(means.covers), [], p),
        verFrom,
        verTo,
        purposes:
          means.purposes.reduce((bits, code) => bits | (1 << Purpose[code]), 0) +
          (means.flagged ? 2 ** 31 : 0),
        notBefore: means.from,
        notAfter: means.until,
        budget: means.budget,
        salt: hash(named(`paper ${opening} ${kind}`))
      },
      tags: scoped(means.shown ? means.covers : !means.covers),
      except: [],
      delegator: people.accounts[means.delegator] as (typeof people.accounts)[number],
      sig: new Uint8Array(65)
    }
    return { ...unsigned, sig: this.sign(unsigned, means.signer) }
  }
}
