/** The script of the page, and of the frame, which has fewer of the same places. */
import { keepLive } from "./live.ts";

keepLive();
