// The page begins here.
import { render } from "preact";

import "./style/base.css";
import "./style/parts.css";
import "./style/pages.css";
import "./style/waterfall.css";
import { follow } from "./route";
import { keep } from "./parts/talk";
import { listen } from "./shell/keys";
import { Shell } from "./shell/shell";

const place = document.getElementById("page");
if (place) {
  follow();
  listen();
  keep(place);
  place.replaceChildren();
  render(<Shell />, place);
}
