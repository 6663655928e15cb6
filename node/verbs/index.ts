/**
 * The table of verbs: what a node can be asked to do, by name, with the shape of its arguments.
 * @module
 */
import type { ZodType } from 'zod'
import type { Node } from '../node.ts'
import { approve, deny, inbox } from './answer.ts'
import { attest } from './attest.ts'
import * as attestShapes from './attest-shapes.ts'
import { attestLapse, attestStatus } from './attestation.ts'
import { listAttested, showAttested } from './attested.ts'
import { anchorAudit, auditStatus } from './audit.ts'
import { delegate } from './delegate.ts'
import { bindDevice, listDevices, revokeDevices } from './device.ts'
import { showDirectory, showVoters } from './directory.ts'
import { enrolAccount, listConsents, onAccount, restrictAccount } from './directory-admin.ts'
import { groupMember, listGroups, newGroup } from './directory-group.ts'
import { joinDirectory, leaveDirectory } from './directory-join.ts'
import * as directoryShapes from './directory-shapes.ts'
import { propose, voteFor, voteStatus } from './directory-vote.ts'
import { askColleagues } from './emergency-ask.ts'
import { openEmergency } from './emergency-open.ts'
import { listEmergencies, reviewEmergency } from './emergency-review.ts'
import * as emergencyShapes from './emergency-shapes.ts'
import { cosign, listRequests } from './emergency-sign.ts'
import { grant } from './grant.ts'
import * as grantShapes from './grant-shapes.ts'
import { tell } from './grant-tell.ts'
import { listGrants } from './grants.ts'
import { appoint, endGuardianship, listGuardians, setUpGuardians } from './guardian.ts'
import * as guardianShapes from './guardian-shapes.ts'
import { endDelegation, handBack } from './hand-back.ts'
import { exportAudit, history } from './history.ts'
import { listPeers, showIdentity } from './identity.ts'
import { optIn, optOut } from './opt-out.ts'
import * as passingShapes from './passing-shapes.ts'
import { publish, update } from './publish.ts'
import { verifyRecord } from './records.ts'
import {
  completeRecovery,
  helpRecover,
  proposeRecovery,
  recoveryStatus,
  vetoRecovery
} from './recovery.ts'
import { planRecovery } from './recovery-plan.ts'
import { renew } from './renew.ts'
import { request } from './request.ts'
import { retrieve } from './retrieve.ts'
import { revoke } from './revoke.ts'
import * as shapes from './shapes.ts'
import { type Verb, type VerbOptions, verbTable } from './verb.ts'
import { wish } from './wish.ts'

const verb = <A>(
  name: string,
  args: ZodType<A>,
  run: (node: Node, args: A, options: VerbOptions) => unknown
): Verb<unknown, unknown, Node> => ({
  name,
  args,
  // the door has checked them by `args`
  run: async (node, checked, options) => run(node, checked as A, options)
})

export const verbs = verbTable<Node>(
  verb('id', shapes.noArgs, showIdentity),
  verb('peers', shapes.noArgs, listPeers),
  verb('record.add', shapes.recordAddArgs, publish),
  verb('record.ls', shapes.noArgs, (node, _args, options) => listAttested(node, options)),
  verb('record.show', shapes.recordArgs, showAttested),
  verb('record.get', shapes.recordGetArgs, retrieve),
  verb('record.update', shapes.recordUpdateArgs, update),
  verb('record.verify', shapes.recordVerifyArgs, verifyRecord),
  verb('attest', attestShapes.attestArgs, attest),
  verb('attest.status', attestShapes.attestStatusArgs, attestStatus),
  verb('attest.lapse', attestShapes.attestStatusArgs, attestLapse),
  verb('device.ls', shapes.noArgs, (node, _args, options) => listDevices(node, options)),
  verb('device.revoke', shapes.noArgs, (node, _args, options) => revokeDevices(node, options)),
  verb('device.bind', shapes.noArgs, (node, _args, options) => bindDevice(node, options)),
  verb('directory.show', directoryShapes.directoryShowArgs, showDirectory),
  verb('directory.voters', directoryShapes.directoryVotersArgs, showVoters),
  verb('directory.join', directoryShapes.directoryJoinArgs, joinDirectory),
  verb('directory.leave', shapes.noArgs, (node, _args, options) => leaveDirectory(node, options)),
  verb('directory.consents', shapes.noArgs, (node, _args, options) => listConsents(node, options)),
  verb('directory.enrol', directoryShapes.directoryEnrolArgs, enrolAccount),
  verb('directory.restrict', directoryShapes.directoryRestrictArgs, restrictAccount),
  verb('directory.dismiss', directoryShapes.directoryAccountArgs, onAccount('Dismiss')),
  verb('directory.suspend', directoryShapes.directoryAccountArgs, onAccount('Suspend')),
  verb('directory.reinstate', directoryShapes.directoryAccountArgs, onAccount('Reinstate')),
  verb('directory.group.new', directoryShapes.groupNewArgs, newGroup),
  verb('directory.group.add', directoryShapes.groupMemberArgs, groupMember(true)),
  verb('directory.group.remove', directoryShapes.groupMemberArgs, groupMember(false)),
  verb('directory.group.ls', directoryShapes.groupListArgs, listGroups),
  verb('directory.vote', directoryShapes.voteProposeArgs, propose),
  verb('directory.vote.for', directoryShapes.voteForArgs, voteFor),
  verb('directory.vote.status', directoryShapes.voteStatusArgs, voteStatus),
  verb('request', shapes.requestArgs, request),
  verb('inbox', shapes.noArgs, (node, _args, options) => inbox(node, options)),
  verb('approve', grantShapes.approveArgs, approve),
  verb('deny', shapes.denyArgs, deny),
  verb('grant', grantShapes.grantArgs, grant),
  verb('grant.tell', grantShapes.tellArgs, tell),
  verb('renew', grantShapes.renewArgs, renew),
  verb('grants', shapes.noArgs, (node, _args, options) => listGrants(node, options)),
  verb('revoke', shapes.revokeArgs, revoke),
  verb('hand-back', passingShapes.handBackArgs, handBack),
  verb('delegate', passingShapes.delegateArgs, delegate),
  verb('delegate.end', passingShapes.endDelegationArgs, endDelegation),
  verb('guardian.appoint', guardianShapes.appointArgs, appoint),
  verb('guardian.end', guardianShapes.endArgs, endGuardianship),
  verb('guardian.ls', guardianShapes.guardiansArgs, listGuardians),
  verb('guardian.setup', shapes.noArgs, (node, _args, options) => setUpGuardians(node, options)),
  verb('wish', emergencyShapes.wishArgs, wish),
  verb('emergency.ask', emergencyShapes.emergencyAskArgs, askColleagues),
  verb('emergency.requests', shapes.noArgs, (node, _args, options) => listRequests(node, options)),
  verb('emergency.sign', emergencyShapes.noticeArgs, cosign),
  verb('emergency.open', emergencyShapes.emergencyOpenArgs, openEmergency),
  verb('emergency.ls', emergencyShapes.emergencyLsArgs, listEmergencies),
  verb('emergency.review', emergencyShapes.emergencyReviewArgs, reviewEmergency),
  verb('opt-out', grantShapes.optOutArgs, optOut),
  verb('opt-in', grantShapes.optOutArgs, optIn),
  verb('recovery.plan', guardianShapes.planArgs, planRecovery),
  verb('recovery.help', guardianShapes.helpArgs, helpRecover),
  verb('recovery.propose', guardianShapes.proposeArgs, proposeRecovery),
  verb('recovery.veto', shapes.noArgs, (node, _args, options) => vetoRecovery(node, options)),
  verb('recovery.complete', guardianShapes.recoveryArgs, completeRecovery),
  verb('recovery.status', guardianShapes.recoveryArgs, recoveryStatus),
  verb('history', shapes.historyArgs, history),
  verb('audit.export', shapes.auditExportArgs, exportAudit),
  verb('audit.anchor', shapes.noArgs, (node, _args, options) => anchorAudit(node, options)),
  verb('audit.status', shapes.noArgs, (node, _args, options) => auditStatus(node, options))
)
