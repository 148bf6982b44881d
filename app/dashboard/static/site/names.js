// Names of what the API tells by ids.

/** The names of all projects by their ids, of what GET /api/projects gives. */
export const namesOf = (projects) => new Map(projects.items.map(({ id, name }) => [id, name]));
