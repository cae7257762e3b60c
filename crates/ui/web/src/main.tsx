// The page begins here.
import { render } from "preact";

import "./style/base.css";
import "./style/parts.css";
import "./style/pages.css";
import "./style/waterfall.css";
import { follow } from "./route";
import { listen } from "./shell/keys";
import { Shell } from "./shell/shell";

const place = document.getElementById("page");
if (place) {
  follow();
  listen();
  // What the server wrote stays until the script has as much to show.
  place.replaceChildren();
  render(<Shell />, place);
}
