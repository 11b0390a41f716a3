/** The host changes files that a covered process watches. It opens and closes nothing, so no such events are expected. */
import { SELF } from '../support/self.ts';
import { corpus } from './corpus.ts';
import { compare } from './equality.ts';
import { forHost, hostTranscripts } from './host-run.ts';
import { matrix } from './matrix.ts';
import { places } from './places.ts';
import { inParts } from './transcript.ts';

const UNWANTED = 'OPEN|CLOSE|ACCESS';
const { kernel, session, program, roots, close } = await places();
const cases = [...corpus(), ...matrix()].filter(forHost);
const view = session.core.view('main', SELF);
const [kernels, ours] = await Promise.all([
  inParts(kernel('--mask', UNWANTED), cases),
  hostTranscripts(session, program, roots, UNWANTED, cases, view),
]);
compare('the host', cases, kernels, ours, close);
