// The part of JSON Schema 2020-12 that AuthZEN's schemas are written in; any other keyword is an error, never passed over.
const annotations = new Set(['$schema', '$id', '$comment', 'title', 'description', 'example', 'examples']);
const types = {
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
};

// What is wrong with `value`, one line each.
export function problems(schema, value, at = '') {
  const found = [];
  for (const [keyword, wanted] of Object.entries(schema)) {
    if (annotations.has(keyword)) continue;
    if (keyword === 'type') {
      if (!types[wanted](value)) found.push(`${at || '/'} is no ${wanted}`);
    } else if (keyword === 'required') {
      for (const key of wanted) if (types.object(value) && !(key in value)) found.push(`${at}/${key} is missing`);
    } else if (keyword === 'properties') {
      for (const [key, inner] of Object.entries(wanted)) {
        if (types.object(value) && key in value) found.push(...problems(inner, value[key], `${at}/${key}`));
      }
    } else {
      throw new Error(`the schema keyword ${keyword} is not understood here`);
    }
  }
  return found;
}
