// usage: node generate.mjs IDL.json FOLDER
// Writes the TypeScript client of one program. Called by `cargo xtask clients`, which resolves Anchor 2's alias types first.
import { readFileSync } from 'node:fs';

import { rootNodeFromAnchor } from '@codama/nodes-from-anchor';
import { renderVisitor } from '@codama/renderers-js';
import { visit } from '@codama/visitors-core';

const [idl, folder] = process.argv.slice(2);
const program = rootNodeFromAnchor(JSON.parse(readFileSync(idl, 'utf8')));
await visit(program, renderVisitor(folder, { generatedFolder: '.', syncPackageJson: false }));
