// The locale in parts, one a page: whoever adds a page adds a part in both languages (a test compares the keys).

import { common } from "./fr/common.js";
import { login } from "./fr/login.js";
import { home } from "./fr/home.js";
import { reader } from "./fr/reader.js";
import { projects } from "./fr/projects.js";
import { site } from "./fr/site.js";
import { errors } from "./fr/errors.js";

export const fr = { ...common, ...login, ...home, ...reader, ...projects, ...site, ...errors };
