// SPDX-License-Identifier: GPL-2.0-or-later

import java.util.ArrayList;
import java.util.List;

/** A test framework in small: starts a JVM of its own for each test, some at a time. */
public class Launcher {
    static final int AT_ONCE = 2;

    /** args: the java to run, the class path, the names of the tests. */
    public static void main(String[] args) throws Exception {
        List<Process> running = new ArrayList<>();
        int failed = 0;

        for (int i = 2; i < args.length; i++) {
            if (running.size() == AT_ONCE)
                failed += running.remove(0).waitFor() == 0 ? 0 : 1;
            running.add(new ProcessBuilder(args[0], "-Xshare:auto", "-XX:TieredStopAtLevel=1",
                    "-cp", args[1], args[i]).inheritIO().start());
        }
        for (Process process : running)
            failed += process.waitFor() == 0 ? 0 : 1;
        System.out.println((args.length - 2) + " tests, " + failed + " failed");
        System.exit(failed);
    }
}
