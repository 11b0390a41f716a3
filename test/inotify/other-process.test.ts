/** Another covered process changes the watched files: the event streams of tmpfs and of a virtual tree are equal. */

import { corpus } from './corpus.ts';
import { compare } from './equality.ts';
import { matrix } from './matrix.ts';
import { places } from './places.ts';
import { inParts } from './transcript.ts';

const { kernel, virtual, close } = await places();
const cases = [...corpus(), ...matrix()];
const [kernels, ours] = await Promise.all([
  inParts(kernel('--other'), cases),
  inParts(virtual('--other'), cases),
]);
compare('another process', cases, kernels, ours, close);
