// The first script of every process that is spawned: takes its place in the family, then runs what it is told.
import type { InvitationData } from '../process/bootstrap.js';
import { runChild, takeInvitation } from '../process/child.js';
import '../reducers.js';

void runChild(takeInvitation<InvitationData>(), false);
