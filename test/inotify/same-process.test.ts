/** The watching process makes the changes: the event streams of tmpfs and of a virtual tree are equal. */

import { corpus } from './corpus.ts';
import { compare } from './equality.ts';
import { matrix } from './matrix.ts';
import { places } from './places.ts';
import { inParts } from './transcript.ts';

const { kernel, virtual, close } = await places();
const cases = [...corpus(), ...matrix()];
const [kernels, ours] = await Promise.all([inParts(kernel(), cases), inParts(virtual(), cases)]);
compare('same process', cases, kernels, ours, close);
