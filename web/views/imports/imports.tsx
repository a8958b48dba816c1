/** All imports at `#/imports`, and one at `#/imports/ID`. */
import type { ViewProps } from '../../view-props.js';
import { OneImport } from '../import/one-import.js';
import { ImportList } from './list.js';

export default function Imports({ path }: ViewProps) {
  const [id] = path;
  return id === undefined ? <ImportList /> : <OneImport key={id} id={id} />;
}
