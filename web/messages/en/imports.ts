/** The list of imports, and one import. */
export const imports = {
  'imports.none': 'There are no imports',
  'imports.image': 'Image',
  'imports.state': 'State',
  'imports.created': 'Created',
} as const;
