// My projects: what they are called, and to which I may send.

import { computed, signal } from "@preact/signals";
import { get, post } from "../api.js";
import { me, restoreSession } from "./session.js";

/** undefined until they are known. */
export const projects = signal(undefined);

const names = computed(() => new Map((projects.value ?? []).map((project) => [project.id, project.name])));
export const projectName = (id) => names.value.get(id) ?? "";

/** Those that recordings can be sent to. */
export const sendable = computed(() => (projects.value ?? []).filter((project) => mayChange(project.id)));

/** Tell whether I may send to, correct in and delete from a project. */
export function mayChange(project) {
  const role = me.value?.roles[project];
  return Boolean(me.value?.administrator) || role === "editor" || role === "owner";
}

export async function loadProjects() {
  projects.value = (await get("/api/projects")).items;
}

export async function makeProject(name) {
  const made = await post("/api/projects", { name });
  await restoreSession();
  await loadProjects();
  return made;
}
