/*
 * Runs the statements of a file, with ${NAME} from the environment, in its own Flink in this
 * process, and stays until the job ends. The benchmark compiles it; see flink.ts.
 */

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

public class Job {
  private static final Pattern SETTING = Pattern.compile("SET '([^']+)' = '([^']*)'");

  public static void main(String[] arguments) throws Exception {
    String script =
        Pattern.compile("\\$\\{(\\w+)}")
            .matcher(Files.readString(Path.of(arguments[0])))
            .replaceAll(found -> Matcher.quoteReplacement(System.getenv(found.group(1))));
    Configuration settings = new Configuration();
    TableEnvironment environment = null;
    for (String statement : script.replaceAll("(?m)^--.*$", "").split(";")) {
      Matcher setting = SETTING.matcher(statement.strip());
      if (setting.matches()) {
        settings.setString(setting.group(1), setting.group(2));
      } else if (!statement.isBlank()) {
        if (environment == null) {
          environment =
              TableEnvironment.create(
                  EnvironmentSettings.newInstance().withConfiguration(settings).build());
        }
        var result = environment.executeSql(statement);
        if (result.getJobClient().isPresent()) result.await();
      }
    }
  }
}
